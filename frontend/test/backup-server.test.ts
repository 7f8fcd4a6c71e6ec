import { beforeEach, describe, expect, test } from "vitest";
import { DATASTORES, GUESTS, HEALTHY, healthy, SERVER_JOBS } from "../dev/canned";
import { fakeHass } from "../dev/fake-hass";
import { generate } from "../src/dashboard/strategy";
import type { BackupServer, Cause, Datastore, RowData } from "../src/data/contract";
import type { Details } from "../src/data/details-contract";
import { decodeRow, isJob, labelOf } from "../src/data/row";
import type { Hass } from "../src/ha/types";
import "../src/registry";
import { show } from "./show";

beforeEach(() => document.body.replaceChildren());

const of = (change: Partial<Datastore>): BackupServer[] => {
  const [server] = DATASTORES as [BackupServer];
  return [{ ...server, datastores: server.datastores.map((store) => ({ ...store, ...change })) }];
};

describe("a backup server's datastores", () => {
  test("tell room, care and whose groups lie there", async () => {
    const shown = await show("proxmox-backup-datastores", { backups: DATASTORES });
    for (const text of ["One datastore or job needs a look.", "91 % used", "in the cellar", "91 % full.", "12 groups"])
      expect(shown.text()).toContain(text);
    expect(shown.text()).toContain("2 groups are still being read");
    expect(shown.text()).toContain("1 group of a deleted guest");
    expect(shown.text()).toContain("1 group of somebody else");
    expect(shown.text()).toContain("lab/ vm/300");
    expect(shown.find(".bar i")[0]?.style.width).toBe("91%");
    // What others wrote is text and nothing else.
    expect(shown.find("td i")).toEqual([]);
  });

  test("say what is not known or not so", async () => {
    const idle = await show("proxmox-backup-datastores", {
      backups: of({ full_on: null, collected: null, verified: null, filled: null, loose: [], loose_count: 0 }),
    });
    expect(idle.text()).toContain("not growing");
    expect(idle.text()).toContain("never");
    expect(idle.find("details")).toEqual([]);
    const bad = await show("proxmox-backup-datastores", { backups: of({ bad: 2 }) });
    expect(bad.text()).toContain("2 snapshots failed");
    const cache = await show("proxmox-backup-datastores", { backups: of({ is_cache: true }) });
    expect(cache.text()).toContain("of the local cache used");
    expect(cache.text()).not.toContain("not growing");
    const away = await show("proxmox-backup-datastores", {
      backups: of({ used: null, total: null, free: null, status: "asleep", reason: "The disk has been unplugged." }),
    });
    expect(away.text()).toContain("Asleep");
    expect(away.find(".bar i")).toEqual([]);
  });
});

describe("the wall of a backup server", () => {
  test("has a row for each job, with what it left out", async () => {
    const shown = await show("proxmox-backup-wall", { backups: DATASTORES }, { group: "pbsjob" });
    expect(shown.text()).toContain("Never copied, since they belong to somebody else on vault");
    expect(shown.text()).toContain("Garbage collection");
    expect(shown.find("[role=list]")[0]?.getAttribute("aria-label")).toBe("Jobs of the backup server");
  });

  test("has a row for each client", async () => {
    const shown = await show("proxmox-backup-wall", { backups: DATASTORES }, { group: "group" });
    expect(shown.text()).toContain("host/nas");
    expect(shown.text()).toContain("No backup for 2 d");
  });

  test("says that nothing is there yet", async () => {
    const shown = await show("proxmox-backup-wall", { backups: DATASTORES, clients: [] }, { group: "group" });
    await shown.settle();
    expect(shown.text()).toContain("No clients yet");
  });
});

test("rows are called as Proxmox calls them", () => {
  const row = (change: Partial<RowData>) => decodeRow({ ...(SERVER_JOBS[0] as RowData), ...change });
  expect(labelOf(row({}))).toBe("Sync");
  expect(labelOf(row({ kind: "host", id: "b1/group/main:a/b:host/nas" }))).toBe("host/nas");
  expect(labelOf(row({ kind: "vm", id: "b1/group/main::vm/100" }))).toBe("vm/100");
  expect(isJob(row({ kind: "gc" }))).toBe(true);
  expect(isJob(row({ kind: "host" }))).toBe(false);
});

test("what the last run left out is listed in the details", async () => {
  const troubles = [{ group: "homelab/ct/103", reason: "Belongs to somebody else.", error: "not owned by sync@pbs" }];
  const shown = await show("pbc-details", { backups: DATASTORES }, {}, { rowId: "b1/pbsjob/sync_offsite" });
  const element = shown.element as unknown as { details: Details; updateComplete: Promise<boolean> };
  const facts = {
    owner: "root@pam",
    restore_points: 4,
    size: 1,
    verified: null,
    verification: "Never.",
    encrypted: true,
    copies: "2-1-0. No copy outside this house.",
  };
  element.details = { ...element.details, troubles, facts };
  await element.updateComplete;
  expect(shown.text()).toContain("Left out by the last run: 1 group");
  expect(shown.text()).toContain("homelab/ct/103 : Belongs to somebody else. Not owned by sync@pbs.");
  expect(shown.text()).toContain("root@pam");
  expect(shown.text()).toContain("Copies 2-1-0. No copy outside this house.");
  expect(shown.text()).toContain("Last good run");
});

describe("causes", () => {
  const cause: Cause = {
    ...({
      id: "b1/pbsjob_sync_offsite",
      entry_id: "b1",
      entity_ids: [],
      kind: "pbsjob",
      title: "pbs: sync failed",
    } as unknown as Cause),
    ...{ why: ["Broken pipe."], todo: "Start it again.", link: null, since: null, unseen: false, silenced: false },
    ...{ guests: 0, jobs: 1, rows: [], upid: null },
    parts: [{ id: "b1/pbsjob/sync_offsite", name: "sync job “offsite”", status: "failed", reason: "It failed." }],
  };

  test("of a backup server name what they concern and open it", async () => {
    const shown = await show("proxmox-backup-causes", { backups: DATASTORES, causes: [cause] });
    expect(shown.text()).toContain("sync job “offsite”");
    const opened = new Promise<CustomEvent>((done) =>
      document.addEventListener("show-dialog", (event) => done(event as CustomEvent), { once: true }),
    );
    shown.find("button.row")[0]?.click();
    expect((await opened).detail.dialogParams.id).toBe("b1/pbsjob/sync_offsite");
  });

  test("are not said to be none while a server warns of something", async () => {
    const world = { rows: HEALTHY, servers: [healthy()], causes: [] };
    expect((await show("proxmox-backup-causes", { ...world, backups: DATASTORES })).text()).not.toContain(
      "Nothing needs",
    );
    expect((await show("proxmox-backup-causes", world)).text()).toContain("Nothing needs your attention");
  });
});

test("the dashboard has a view of each backup server, causes first", async () => {
  const config = await generate(fakeHass({ rows: GUESTS, backups: DATASTORES }) as unknown as Hass);
  const view = (config.views as { path: string; sections: { cards: { type: string; server?: string }[] }[] }[]).find(
    ({ path }) => path === "server-b1",
  );
  expect(view?.sections[0]?.cards.map((card) => card.type)).toEqual([
    "custom:proxmox-backup-causes",
    "custom:proxmox-backup-datastores",
  ]);
  expect(JSON.stringify(view)).toContain('"group":"group"');
});

test("clients and jobs of backup servers with a problem need attention too", async () => {
  const shown = await show("proxmox-backup-problems", { backups: DATASTORES });
  await shown.settle();
  expect(shown.text()).toContain("No backup for 2 d");
  const none = await show("proxmox-backup-problems", { backups: DATASTORES, clients: [], rows: HEALTHY, jobs: [] });
  await none.settle();
  expect(none.text()).toContain("Nothing needs your attention");
});

test("where there are backup servers only, the dashboard has their views alone", async () => {
  const config = await generate(fakeHass({ servers: [], backups: DATASTORES }) as unknown as Hass);
  expect((config.views as { path: string }[]).map(({ path }) => path)).toEqual(["server-b1"]);
});
