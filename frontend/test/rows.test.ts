import { describe, expect, test } from "vitest";
import { GUESTS, guest, JOBS, NOW } from "../dev/canned";
import type { Progress, RowData } from "../src/data/contract";
import { decodeRow, labelOf, type Row } from "../src/data/row";
import { patch } from "../src/data/wall-store";
import { Format } from "../src/format";
import { wordsIn } from "../src/i18n/words";
import { countStatuses, filterRows, searchRows } from "../src/model/filter";
import { progressText } from "../src/model/progress";
import { sortRows } from "../src/model/sort";
import { STATUSES } from "../src/model/status";

const rows = GUESTS.map(decodeRow);
const names = (list: { name: string }[]) => list.map((row) => row.name);

describe("a row", () => {
  test("is read from what the server says", () => {
    const row = decodeRow(
      guest({ vmid: 204, name: "paperless", kind: "lxc", acknowledged: true, isNew: true, failures: 2, problem: null }),
    );
    expect(row).toMatchObject({ entryId: "e1", key: "204", name: "paperless", failures: 2, problem: null });
    expect([row.acknowledged, row.isNew, row.deleted]).toEqual([true, true, false]);
    expect(labelOf(row)).toBe("CT 204");
  });

  test("of a job keeps an id with slashes whole", () => {
    const row = decodeRow({ ...(JOBS[0] as RowData), id: "e1/job/a/b" });
    expect([row.entryId, row.key]).toEqual(["e1", "a/b"]);
  });

  test("without a name is called by what Proxmox calls it", () => {
    expect(decodeRow(guest({ vmid: 7, name: "" })).name).toBe("7");
  });
});

describe("rows", () => {
  test("stand in order of need: problems, the unseen, what is acknowledged, the rest, and the deleted last", () => {
    const made = (name: string, change: object) => decodeRow(guest({ vmid: 1, name, ...change }));
    const mixed = [
      made("deleted", { status: "failed", problem: true, deleted: true }),
      made("fine", {}),
      made("acknowledged", { status: "failed", problem: true, acknowledged: true }),
      made("unseen", { status: "unknown", problem: null }),
      made("warned", { status: "warning" }),
      made("in no job", { status: "uncovered", problem: true }),
      made("failed once", { status: "failed", problem: true, failures: 1 }),
      made("failed often", { status: "failed", problem: true, failures: 4 }),
    ];
    expect(names(sortRows(mixed, "worst"))).toEqual([
      "failed often",
      "failed once",
      "in no job",
      "unseen",
      "acknowledged",
      "warned",
      "fine",
      "deleted",
    ]);
  });

  test("with equal needs stand by name, numbers counted", () => {
    const made = ["web-10", "web-9", "Web-1"].map((name) => decodeRow(guest({ vmid: 1, name })));
    expect(names(sortRows(made, "worst"))).toEqual(["Web-1", "web-9", "web-10"]);
  });

  test("stand by size, age or next run where that is asked for", () => {
    expect(names(sortRows(rows, "size"))[0]).toBe("nextcloud");
    expect(names(sortRows(rows, "last"))[0]).toBe("test-build");
    expect(names(sortRows(rows, "next"))[0]).toBe("immich");
    expect(names(sortRows(rows, "name"))[0]).toBe("gitlab");
    expect(rows.map((row) => row.name)).toEqual(GUESTS.map((row) => row.name));
  });

  test("are let through by status, problem, place and tag", () => {
    expect(names(filterRows(rows, { status: ["failed", "overdue"] }))).toEqual(["postgres", "paperless"]);
    expect(filterRows(rows, { problems: true })).toHaveLength(3);
    expect(filterRows(rows, { where: ["pve2"] }).every((row) => row.where === "pve2")).toBe(true);
    expect(filterRows(rows, { tags: ["gold"] })).toEqual([]);
    expect(filterRows(rows, {}, true).some((row) => row.deleted)).toBe(false);
  });

  test("are found by every word of a search", () => {
    expect(names(searchRows(rows, "pve2 PAPER"))).toEqual(["paperless"]);
    expect(names(searchRows(rows, "101"))).toEqual(["postgres"]);
    expect(searchRows(rows, "  ")).toHaveLength(rows.length);
  });

  test("are counted by status, the worst first, without the deleted", () => {
    const counts = countStatuses(rows);
    expect(counts[0]).toEqual(["failed", 1]);
    expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(rows.length - 1);
    expect([...counts.map(([status]) => status)].sort((a, b) => STATUSES.indexOf(a) - STATUSES.indexOf(b))).toEqual(
      counts.map(([status]) => status),
    );
  });

  test("change one by one, come and go", () => {
    const [first, second] = rows as [(typeof rows)[0], (typeof rows)[0]];
    const changed = { ...second, status: "ok" as const };
    const arrived = { ...first, id: "e1/guest/500" };
    const after = patch([first, second], [changed, arrived], [first.id]);
    expect(after).toEqual([changed, arrived]);
    expect(patch(rows, [changed])[0]).toBe(rows[0]);
  });
});

describe("a run that goes on", () => {
  const words = wordsIn("en");
  const format = new Format({ language: "en-GB", time_format: "24", time_zone: "server" }, "Europe/Berlin");
  const running = (kind: string, progress: Partial<Progress>): Row =>
    decodeRow({
      ...(GUESTS[0] as RowData),
      kind,
      progress: { percent: null, done: 0, total: null, now: null, ends: null, ...progress },
    });

  test("says how far a guest is, and when it ends as soon as that can be told", () => {
    const far = { percent: 6, done: 3.2 * 2 ** 30, total: 48 * 2 ** 30 };
    expect(progressText(running("qemu", far), words, format)).toBe("6 %, 3.2 GiB of 48 GiB");
    expect(progressText(running("qemu", { ...far, ends: NOW }), words, format)).toContain("ends about 10:12");
  });

  test("says of a container how much was read, since of how much nobody knows", () => {
    expect(progressText(running("lxc", { done: 2 ** 30 }), words, format)).toBe("1 GiB");
  });

  test("says of a job how many guests are done, and whose turn it is", () => {
    const job = running("job", { percent: 55, done: 5, total: 9, now: "nextcloud (104)" });
    expect(progressText(job, words, format)).toBe("5 of 9 guests, now nextcloud (104)");
    expect(progressText(decodeRow(GUESTS[0] as RowData), words, format)).toBe("");
  });
});
