import { beforeEach, describe, expect, test, vi } from "vitest";
import { details as cannedDetails, DATASTORES, END, GUESTS, JOBS, LOG, NOW } from "../dev/canned";
import { fakeHass } from "../dev/fake-hass";
import type { RowData } from "../src/data/contract";
import type { Run } from "../src/data/details-contract";
import { decodeRow } from "../src/data/row";
import { automationFor, createAutomation } from "../src/details/automation";
import { placeOf } from "../src/details/restore-points";
import { folded, sentence } from "../src/details/run";
import { dayDurations } from "../src/details/timeline";
import type { Hass } from "../src/ha/types";
import { wordsIn } from "../src/i18n/words";
import { show } from "./show";

const [FAILED, MISSED] = GUESTS as [RowData, RowData];
const open = (row: RowData, world = {}, properties = {}) =>
  show("pbc-details", world, {}, { rowId: row.id, ...properties });

beforeEach(() => document.body.replaceChildren());

describe("the details", () => {
  test("say why, how sure that is, and what to do", async () => {
    const shown = await open(FAILED);
    expect(shown.find(".sentence")[0]?.textContent).toContain("pbs-offsite is full");
    expect(shown.text()).toContain("Exact: the log agent of pve1 saw this run.");
    expect(shown.text()).toContain("Free space on pbs-offsite, or let the job keep fewer backups.");
    expect(shown.text()).toContain("3 failures in a row");
  });

  test("say what that rests on when somebody asks, or at once where it was asked before", async () => {
    const shown = await open(FAILED);
    const why = shown.find<HTMLButtonElement>("button.why")[0];
    expect(why?.textContent).toBe("Why? postgres");
    expect(shown.text()).not.toContain("until 04:00 it was still in time");
    why?.click();
    await shown.settle();
    expect(why?.getAttribute("aria-expanded")).toBe("true");
    expect(shown.text()).toContain("until 04:00 it was still in time");
    expect(shown.text()).toContain("The newest archive on pbs-offsite is of 24 Nov");
    why?.click();
    await shown.settle();
    expect(shown.find(".grounds")).toEqual([]);
    expect((await open(FAILED, {}, { why: true })).text()).toContain("until 04:00 it was still in time");
  });

  test("tell what restores have proven, and that a recovery time is an estimate", async () => {
    const shown = await open(FAILED);
    const told = shown.find(".points .told").map((line) => line.textContent ?? "");
    expect(told[0]).toContain("Last proven restorable: Monday, October 12");
    expect(told[1]).toContain("an estimate from the restores of this guest");
  });

  test("begin with the last run and its log, the first error marked", async () => {
    const shown = await open(FAILED);
    expect(shown.find("h3")[0]?.textContent).toBe("Saturday, November 28");
    expect(shown.find("[data-first]")[0]?.textContent).toContain("No space left on device");
    expect(shown.text()).toContain("14 of 214 lines");
  });

  test("go to other days, and no further than there are days", async () => {
    const shown = await open(FAILED, {}, { day: "2026-10-31" });
    const [back, forward] = shown.find<HTMLButtonElement>(".round");
    back?.click();
    await shown.settle();
    expect(shown.find("h3")[0]?.textContent).toBe("Friday, October 30");
    expect(back?.disabled).toBe(true);
    forward?.click();
    await shown.settle();
    expect(back?.disabled).toBe(false);
  });

  test("end on the day on which they were read, though midnight has passed since", async () => {
    vi.setSystemTime("2026-11-28T23:04:00Z");
    const shown = await open(FAILED, {}, { day: END });
    vi.setSystemTime(NOW * 1000);
    expect(shown.find("h3")[0]?.textContent).toBe("Saturday, November 28");
    expect(shown.find<HTMLButtonElement>(".round")[1]?.disabled).toBe(true);
  });

  test("name what was missed, which has no log", async () => {
    const shown = await open(MISSED);
    expect(shown.text()).toContain("Did not run");
    expect(shown.find("pbc-run-log")).toEqual([]);
  });

  test("fetch the log of a good run when somebody asks", async () => {
    const shown = await open(FAILED, {}, { day: "2026-11-20" });
    const asked = () => shown.hass.connection.sent.filter(({ type }) => type.endsWith("/log")).length;
    expect(asked()).toBe(0);
    shown.find<HTMLButtonElement>(".days > .btn")[0]?.click();
    await shown.settle();
    expect(asked()).toBe(1);
  });

  test("keep logs from who is no administrator, and ask for none", async () => {
    const shown = await open(FAILED, { admin: false });
    expect(shown.text()).toContain("Only administrators can read logs.");
    expect(shown.hass.connection.sent.some(({ type }) => type.endsWith("/log"))).toBe(false);
    expect(shown.text()).not.toContain("Create automation");
  });

  test.each([
    ["Until it is fixed", {}],
    ["Until the next run", { until_next_run: true }],
    ["For 24 hours", { until: new Date((NOW + 86_400) * 1000).toISOString() }],
    ["For a week", { until: new Date((NOW + 7 * 86_400) * 1000).toISOString() }],
  ])("silence a problem for as long as is chosen: %s", async (text, until) => {
    const shown = await open(FAILED);
    const call = vi.spyOn(shown.hass, "callService");
    shown.find<HTMLButtonElement>(".btn.silence")[0]?.click();
    await shown.settle();
    expect(shown.text()).toContain("It stays a problem");
    shown
      .find<HTMLButtonElement>(".choice")
      .find((button) => button.querySelector("b")?.textContent === text)
      ?.click();
    await shown.settle();
    expect(call).toHaveBeenCalledWith("proxmox_backup_checker", "acknowledge", {
      entity_id: "binary_sensor.postgres_backup_problem",
      ...until,
    });
    expect(shown.find(".choice")).toEqual([]);
  });

  test("have a way back from silencing, and change nothing then", async () => {
    const shown = await open(FAILED);
    const call = vi.spyOn(shown.hass, "callService");
    for (const leave of [
      () => shown.find<HTMLButtonElement>(".silences > .btn")[0]?.click(),
      () => shown.find(".silences")[0]?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })),
    ]) {
      shown.find<HTMLButtonElement>(".btn.silence")[0]?.click();
      await shown.settle();
      leave();
      await shown.settle();
      expect(shown.find(".choice")).toEqual([]);
      expect(shown.find(".btn.silence")).toHaveLength(1);
    }
    expect(call).not.toHaveBeenCalled();
  });

  const of = (status: string) => GUESTS.find((row) => row.status === status) as RowData;
  const button = (shown: Awaited<ReturnType<typeof open>>, text: string) =>
    shown.find<HTMLButtonElement>("button.btn").find((one) => one.textContent === text);

  test("say of a guest in no job since when at least, how sure that is, and leave it alone once that is confirmed", async () => {
    const shown = await open(of("uncovered"));
    expect(shown.text()).toContain("At least since");
    expect(shown.text()).toContain("Certain (by the settings of Proxmox)");
    const asked = () => shown.hass.connection.sent.filter(({ type }) => type.endsWith("/ignore"));
    button(shown, "Ignore…")?.click();
    await shown.settle();
    expect(shown.text()).toContain("No longer watch test-build");
    shown.find(".silences")[0]?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    await shown.settle();
    expect(asked()).toEqual([]);
    button(shown, "Ignore…")?.click();
    await shown.settle();
    button(shown, "Ignore")?.click();
    await shown.settle();
    expect(asked()).toMatchObject([{ row: "e1/guest/117", ignored: true }]);
  });

  test("offer to watch again what is left alone by choice, and nothing of that to who may not", async () => {
    const row = { ...of("uncovered"), status: "ignored" as const, problem: false };
    const shown = await open(row, { rows: [row] });
    button(shown, "Watch again")?.click();
    await shown.settle();
    expect(shown.hass.connection.sent.at(-2)).toMatchObject({ row: row.id, ignored: false });
    expect(button(await open(of("uncovered"), { admin: false }), "Ignore…")).toBeUndefined();
    expect(button(await open(FAILED), "Ignore…")).toBeUndefined();
  });

  test("lead from what cannot be seen to the page that mends it", async () => {
    const row = { ...of("ok"), status: "unknown" as const, problem: null };
    const shown = await open(row, { rows: [row] });
    expect(shown.find<HTMLAnchorElement>("a.main")[0]?.getAttribute("href")).toBe("/config/repairs");
    expect(shown.text()).toContain("Nothing can be proven");
  });

  test("offer to take an acknowledgement back, and say until when it is", async () => {
    const acknowledged = { ...FAILED, acknowledged: true };
    const shown = await open(acknowledged, { rows: [acknowledged] });
    expect(shown.text()).toContain("new disk ordered");
    expect(shown.text()).toContain("Send messages again");
    expect(shown.find(".btn.silence")).toEqual([]);
  });

  test("offer no acknowledgement where Home Assistant knows of none", async () => {
    const shown = await open(FAILED);
    shown.hass.services = {};
    (shown.element as unknown as { requestUpdate(): void }).requestUpdate();
    await shown.settle();
    expect(shown.find(".btn.silence")).toEqual([]);
  });

  test("read anew when the problem sensor has news, and only then", async () => {
    const shown = await open(FAILED);
    const asked = () => shown.hass.connection.sent.filter(({ type }) => type.endsWith("/runs")).length;
    const state = { entity_id: "binary_sensor.postgres_backup_problem", state: "off", attributes: {} };
    shown.element.hass = { ...shown.hass, states: { "light.kitchen": { ...state, entity_id: "light.kitchen" } } };
    await shown.settle();
    expect(asked()).toBe(1);
    shown.element.hass = { ...shown.hass, states: { [state.entity_id]: state } };
    await shown.settle();
    expect(asked()).toBe(2);
  });

  test("say what went wrong where they cannot be read", async () => {
    const shown = await show("pbc-details", {}, {}, {});
    vi.spyOn(shown.hass.connection, "sendMessagePromise").mockRejectedValue({
      code: "not_found",
      message: "This guest is gone.",
    });
    Object.assign(shown.element, { rowId: "e1/guest/1" });
    await shown.settle();
    expect(shown.text()).toContain("This guest is gone.");
  });

  test("have a table of all runs", async () => {
    const shown = await open(FAILED);
    const rows = shown.find("details")[0]?.querySelectorAll("tbody tr");
    expect(rows?.length).toBe(cannedDetails(FAILED).runs.length);
    expect(shown.find("th[scope=col]").length).toBeGreaterThan(4);
  });
});

describe("the figures of the days", () => {
  const run = (change: Partial<Run>): Run => ({ ...(cannedDetails(FAILED).runs.at(-1) as Run), ...change });

  test("are those of the job that runs most often, so that they compare", () => {
    const runs = [
      run({ day: END, job_id: "weekly", duration: 120 }),
      run({ day: END, job_id: "nightly", duration: 20 }),
      run({ day: "2026-11-27", job_id: "nightly", duration: 21 }),
      run({ day: "2026-11-26", job_id: "weekly", duration: 119 }),
      run({ day: "2026-11-25", job_id: "nightly", duration: 19 }),
      run({ day: "2026-11-25", job_id: "nightly", duration: 5, result: "running" }),
      run({ day: "2026-01-01", job_id: "nightly", duration: 1 }),
    ];
    expect(dayDurations(runs, END, 5)).toEqual([null, 19, 119, 21, 20]);
  });

  test("name the storage whose archives are measured, and what was sent apart", async () => {
    const shown = await open(FAILED);
    Object.assign(shown.element, { width: 600 });
    await shown.settle();
    expect(shown.text()).toContain("Size on nas");
    expect(shown.text()).toContain("Transferred");
  });
});

describe("copies", () => {
  test("say of each place how new it is, where it was checked, and what is not there now", async () => {
    const shown = await open(FAILED);
    expect(shown.text()).toContain("3 copies");
    const rows = shown.find(".copies tbody tr").map((row) => row.textContent?.replace(/\s+/g, " ") ?? "");
    expect(rows[0]).toContain("pbs: main/homelab");
    expect(rows[1]).toContain("vault: tank/homelab off-site");
    expect(rows[1]).toContain("at the source only");
    expect(rows[2]).toContain("disk not there");
  });

  test("say why none has come elsewhere, and what to do", async () => {
    const shown = await open(FAILED);
    expect(shown.find(".copies .offsite")[0]?.textContent).toContain("always skips ct/103");
    expect(shown.find(".copies .step")[0]?.textContent).toContain("give the group ct/103");
    expect(shown.text().match(/always skips ct\/103/g)).toHaveLength(1);
  });

  test("say what they come to, and why one of them does not count", async () => {
    const shown = await open(FAILED);
    expect(shown.find(".copies .rule")[0]?.textContent?.trim()).toContain("3-2-1: No copy outside this house");
    const told = shown.find(".copies dl div").map((one) => one.textContent?.replace(/\s+/g, " ").trim());
    expect(told).toEqual([
      "Good and new enoughat least 1",
      "Mediaat least 1",
      "Off-site0 · 5 days ago",
      "Verifiedyesterday",
      "Cannot be removednone",
    ]);
    expect(shown.find(".copies tbody tr")[1]?.textContent).toContain("older than promised");
  });
});

describe("restore points", () => {
  test("say of each place how many there are, how old, and what is known of them", async () => {
    const shown = await open(FAILED);
    expect(shown.text()).toContain("9 restore points");
    expect(shown.text()).toContain("8 verified · 1 protected · 1 seen, not proven complete");
  });

  test("lie on the line by their age, the newest at its end", () => {
    const day = 86_400;
    const places = [0, day, 7 * day, 30 * day].map((age) => placeOf(age, 30 * day, 400));
    expect([...places].sort((a, b) => b - a)).toEqual(places);
    expect([places[0], places[3]]).toEqual([392, 8]);
  });
});

describe("an automation", () => {
  const row = decodeRow(FAILED);
  const editor = "/config/automation/edit/proxmox_backup_checker_e1_guest_101";
  const api = (get: () => Promise<unknown>) => {
    const callApi = vi.fn(async (method: string) => (method === "GET" ? get() : {}));
    return { hass: { ...fakeHass(), callApi } as unknown as Hass, callApi };
  };

  test("tells the reason and what to do by triggers that no restart sets off", () => {
    const { triggers, actions } = automationFor(row, wordsIn("en")) as { triggers: object[]; actions: object[] };
    const target = { entity_id: "binary_sensor.postgres_backup_problem" };
    expect(triggers).toEqual([
      { trigger: "proxmox_backup_checker.backup_failed", target },
      { trigger: "proxmox_backup_checker.backup_overdue", target },
    ]);
    expect(JSON.stringify(actions)).toContain("trigger.to_state.attributes.reason");
    expect(JSON.stringify(actions)).toContain("trigger.to_state.attributes.next_step");
  });

  test("is stored once, and opened as it is from then on", async () => {
    const first = api(() => Promise.reject({ status_code: 404 }));
    expect(await createAutomation(first.hass, row, wordsIn("en"))).toBe(editor);
    expect(first.callApi.mock.calls.map(([method]) => method)).toEqual(["GET", "POST"]);
    const again = api(() => Promise.resolve({ alias: "Mine" }));
    expect(await createAutomation(again.hass, row, wordsIn("en"))).toBe(editor);
    expect(again.callApi.mock.calls.map(([method]) => method)).toEqual(["GET"]);
  });

  test("is not stored where nobody knows whether it is there", async () => {
    const { hass, callApi } = api(() => Promise.reject({ status_code: 500 }));
    await expect(createAutomation(hass, row, wordsIn("en"))).rejects.toEqual({ status_code: 500 });
    expect(callApi).toHaveBeenCalledTimes(1);
  });
});

describe("the runs of a day", () => {
  const runs = (...results: string[]) => results.map((result) => ({ result }) as Run);

  test("that are few are all shown", () => {
    expect(folded(runs("ok", "ok", "failed", "ok"))[1]).toEqual([]);
  });

  test("that are many are shown where they went wrong, and once where they were good", () => {
    const [shown, more] = folded(runs("running", "ok", "ok", "failed", "ok", "warning", "missed", "ok"));
    expect(shown.map(({ result }) => result)).toEqual(["running", "ok", "failed", "warning", "missed"]);
    expect(more.map(({ result }) => result)).toEqual(["ok", "ok", "ok"]);
  });
});

describe("a cause", () => {
  test("that is part of a sentence elsewhere stands as one of its own", () => {
    expect(sentence("the storage is full")).toBe("The storage is full.");
    expect(sentence("Done!")).toBe("Done!");
  });
});

describe("Home Assistant's own dialog", () => {
  test.each([
    ["the problem of a guest", "binary_sensor.postgres_backup_problem", "guest_problem", null, "e1/guest/101"],
    ["another entity of its device", "sensor.x", "guest_last_success", "dev101", "e1/guest/101"],
    ["the problem of a job", JOBS[0]?.entity_id ?? "", "job_problem", null, "e1/job/nightly"],
    ["the problem of a server's job", "binary_sensor.sync", "pbs_job_problem", null, "b1/pbsjob/sync_offsite"],
    ["the problem of a client", "binary_sensor.nas", "group_problem", null, "b1/group/main::host/nas"],
  ])("shows the details for %s", async (_, entityId, key, device, row) => {
    const shown = await show(
      "pbc-more-info",
      { backups: DATASTORES },
      {},
      { stateObj: { entity_id: entityId, state: "on", attributes: {} } },
    );
    shown.element.hass = {
      ...shown.hass,
      entities: { [entityId]: { entity_id: entityId, translation_key: key, device_id: device } },
    };
    await shown.settle();
    await shown.settle();
    expect((shown.find("pbc-details")[0] as unknown as { rowId: string } | undefined)?.rowId).toBe(row);
  });

  test.each(["cluster", "storage", "server", "datastore"])(
    "says why a %s, which is on no wall, has a problem",
    async (kind) => {
      const entityId = "binary_sensor.x_problem";
      const stateObj = {
        entity_id: entityId,
        state: "on",
        attributes: {
          verdict: "warning",
          reason: "Never copied: homelab/ct/103.",
          next_step: "Change the owner there.",
          since: "2026-11-30T05:30:00+00:00",
        },
      };
      const shown = await show("pbc-more-info", {}, {}, { stateObj });
      const entities = { [entityId]: { entity_id: entityId, translation_key: `${kind}_problem` } };
      shown.element.hass = { ...shown.hass, entities };
      await shown.settle();
      await shown.settle();
      const text = shown.find("pbc-sensor-reason")[0]?.shadowRoot?.textContent ?? "";
      expect(text).toContain("Never copied: homelab/ct/103.");
      expect(text).toContain("Change the owner there.");
    },
  );

  test("shows nothing for what is no guest and no job", async () => {
    const shown = await show(
      "pbc-more-info",
      {},
      {},
      { stateObj: { entity_id: "sensor.y", state: "1", attributes: {} } },
    );
    expect(shown.find("pbc-details")).toEqual([]);
  });
});

test("the log is copied as a whole", async () => {
  const shown = await open(FAILED);
  const write = vi.fn(async () => undefined);
  Object.defineProperty(navigator, "clipboard", { value: { writeText: write }, configurable: true });
  shown.find<HTMLButtonElement>(".bar button").at(-1)?.click();
  await shown.settle();
  expect(write).toHaveBeenCalledWith(LOG.lines.map(({ text }) => text).join("\n"));
});
