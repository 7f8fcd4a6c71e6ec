import { vi } from "vitest";
import { NOW } from "../dev/canned";

/** The machine that runs the tests may be anywhere; the canned data is of one moment. */
vi.setSystemTime(NOW * 1000);

// happy-dom has neither of them, and nothing to lay out.
globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
globalThis.IntersectionObserver ??= class {
  observe(): void {}
  disconnect(): void {}
} as unknown as typeof IntersectionObserver;
