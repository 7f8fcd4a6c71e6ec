import { defineConfig } from "vitest/config";

// East of Greenwich and with summer time, where days computed in local time go wrong.
process.env.TZ = "Europe/Berlin";

export default defineConfig({
  test: { environment: "happy-dom", include: ["test/**/*.test.ts"], setupFiles: ["test/setup.ts"] },
});
