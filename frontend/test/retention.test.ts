import { beforeEach, describe, expect, test, vi } from "vitest";
import { JOBS, TRIED } from "../dev/canned";
import type { RowData } from "../src/data/contract";
import "../src/retention/retention-elements";
import { show } from "./show";

const JOB = { entry: "e1", job: "nightly", name: "Nightly" };
const open = (world = {}) => show("pbc-tried-retention", world, {}, { job: JOB });
const calls = (shown: Awaited<ReturnType<typeof open>>) =>
  shown.hass.connection.sent.filter((message) => message.type === "call_service") as unknown as {
    service_data: Record<string, unknown>;
    return_response: boolean;
  }[];

beforeEach(() => document.body.replaceChildren());

describe("another retention", () => {
  test("begins with what the job keeps now, and changes nothing", async () => {
    const shown = await open();
    expect(shown.find<HTMLInputElement>("input").map((input) => input.value)).toEqual(["0", "0", "7", "0", "0", "0"]);
    expect(shown.text()).toContain("Nothing is changed in Proxmox. The job keeps now: keep-daily=7.");
    expect(calls(shown).at(-1)?.service_data).toMatchObject({ config_entry_id: "e1", job: "nightly", keep_daily: 7 });
    expect(calls(shown).every((call) => call.return_response)).toBe(true);
  });

  test("tells how many stay and go with their sizes, and marks each archive in words too", async () => {
    const shown = await open();
    expect(shown.text()).toContain("3 stay 12 GiB");
    expect(shown.text()).toContain("4 go 16 GiB");
    expect(shown.find(".chip")).toHaveLength(7);
    expect(shown.find(".chip.goes")).toHaveLength(4);
    expect(shown.find(".chip .sr").map((mark) => mark.textContent?.trim())).toContain("goes");
    expect(shown.text()).toContain("usb could not be listed");
    expect(shown.text()).toContain("These jobs prune the same archives by their own rule: Weekly.");
  });

  test("asks again when a number was typed, once for several strokes", async () => {
    const shown = await open();
    const before = calls(shown).length;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const [last] = shown.find<HTMLInputElement>("input");
    for (const value of ["1", "12"]) {
      if (last) last.value = value;
      last?.dispatchEvent(new Event("input"));
    }
    await vi.advanceTimersByTimeAsync(400);
    vi.useRealTimers();
    expect(calls(shown)).toHaveLength(before + 1);
    expect(calls(shown).at(-1)?.service_data).toMatchObject({ keep_last: 12, keep_daily: 7 });
  });

  test("says nothing of bytes where they do not add up", async () => {
    const before = { ...TRIED };
    Object.assign(TRIED, { deduplicated: true, stay_bytes: null, go_bytes: null });
    const shown = await open();
    Object.assign(TRIED, before);
    expect(shown.text()).toContain("how much would be freed cannot be told");
    expect(shown.text()).not.toContain("12 GiB");
  });

  test("is offered for jobs", async () => {
    const [job] = JOBS as [RowData];
    const shown = await show("pbc-details", {}, {}, { rowId: job.id });
    const button = shown
      .find<HTMLButtonElement>("button")
      .find((found) => found.textContent === "Try another retention");
    expect(button).toBeDefined();
  });
});
