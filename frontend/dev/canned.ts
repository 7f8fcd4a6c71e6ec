/** Canned data: a small cluster as the integration would describe it. */

import type {
  BackupServer,
  Cause,
  Counts,
  Digest,
  Happened,
  Info,
  RowData,
  Server,
  Status,
  Storage,
  Survival,
} from "../src/data/contract";
import type { Copy, Details, LogExcerpt, Night, NightRun, Run, TriedRetention } from "../src/data/details-contract";

export const END = "2026-11-28";
export const NOW = Date.parse("2026-11-28T09:12:00Z") / 1000;
const HOUR = 3600;
const DAY = 24 * HOUR;
const GIB = 2 ** 30;

export const COUNTS: Counts = {
  guests: 9,
  protected: 9,
  problems: 0,
  warnings: 0,
  uncovered: 0,
  unknown: 0,
  paused: 0,
  ignored: 0,
};

export const server = (change: Partial<Server> = {}): Server => ({
  id: "e1",
  name: "homelab",
  state: "ok",
  since: null,
  error: null,
  device_id: "d1",
  url: "https://pve1:8006/",
  counts: { ...COUNTS, protected: 7, problems: 2, warnings: 1, uncovered: 1 },
  ...change,
});

export const healthy = (change: Partial<Server> = {}) => server({ counts: COUNTS, ...change });

interface Guest {
  vmid: number;
  name: string;
  kind?: string;
  status?: Status;
  problem?: boolean | null;
  cells?: string;
  size?: number | null;
  last?: number | null;
  next?: number | null;
  where?: string;
  jobs?: string[];
  tags?: string[];
  reason?: string;
  acknowledged?: boolean;
  isNew?: boolean;
  deleted?: boolean;
  failures?: number;
  entry?: string;
  progress?: RowData["progress"];
}

export function guest(g: Guest): RowData {
  const cells = (g.cells ?? "o".repeat(30)).padStart(30, "o").slice(-30);
  return {
    id: `${g.entry ?? "e1"}/guest/${g.vmid}`,
    name: g.name,
    kind: g.kind ?? "qemu",
    status: g.status ?? "ok",
    problem: g.problem === undefined ? false : g.problem,
    cells,
    size: g.size === undefined ? Math.round((8 + (g.vmid % 37)) * GIB) : g.size,
    size_on: "nas",
    transferred: null,
    duration: 240 + g.vmid,
    progress: g.progress ?? null,
    last_success: g.last === undefined ? NOW - 7 * HOUR : g.last,
    next_due: g.next === undefined ? NOW + 17 * HOUR : g.next,
    entity_id: `binary_sensor.${g.name}_backup_problem`,
    where: g.where ?? "pve1",
    jobs: g.jobs ?? ["nightly"],
    storages: ["nas"],
    reason: g.reason ?? "Backed up by the job nightly on pve1.",
    acknowledged: g.acknowledged ?? false,
    new: g.isNew ?? false,
    deleted: g.deleted ?? false,
    failures: g.failures ?? 0,
    tags: g.tags ?? [],
    device_id: `dev${g.vmid}`,
  };
}

export const GUESTS: RowData[] = [
  guest({
    vmid: 101,
    name: "postgres",
    status: "failed",
    problem: true,
    cells: "oooooooooooooooowooooooooooofff",
    last: NOW - 3.3 * DAY,
    failures: 3,
    reason: "The last backup on pve1 failed: the storage pbs-offsite is full.",
  }),
  guest({
    vmid: 204,
    name: "paperless",
    kind: "lxc",
    status: "overdue",
    problem: true,
    cells: "oooooooooooooooooooooooooooomm",
    last: NOW - 2.4 * DAY,
    where: "pve2",
    reason: "No run at 02:30: pve2 was off then, and the job nightly does not repeat missed runs.",
  }),
  guest({
    vmid: 117,
    name: "test-build",
    status: "uncovered",
    problem: true,
    cells: "n".repeat(30),
    last: null,
    next: null,
    size: null,
    reason: "In no enabled backup job: the job nightly excludes this guest.",
  }),
  guest({
    vmid: 110,
    name: "gitlab",
    status: "warning",
    cells: "ooooooowoooooooooooooooooooowow",
    reason: "Backed up, but without disks that were left out only recently: scsi2.",
    size: 118 * GIB,
  }),
  guest({
    vmid: 103,
    name: "nextcloud",
    status: "running",
    cells: "ooooooooooooofooooooooooooooor",
    size: 212 * GIB,
    progress: { percent: 6, done: 3.2 * GIB, total: 48 * GIB, now: null, ends: NOW + 3600 },
  }),
  guest({ vmid: 100, name: "home-assistant" }),
  guest({ vmid: 102, name: "unifi-controller", kind: "lxc", where: "pve2" }),
  guest({ vmid: 105, name: "vaultwarden", kind: "lxc", cells: "ooooooooooooooooooooommooooooo" }),
  guest({
    vmid: 120,
    name: "windows-11",
    status: "ok",
    cells: "nnonnnnnnonnnnnnonnnnnnonnnnnn",
    next: NOW + 29 * HOUR,
    last: NOW - 5.5 * DAY,
    where: "pve2",
    size: 64 * GIB,
  }),
  guest({
    vmid: 130,
    name: "immich",
    status: "pending",
    cells: "uuuuuuuuuuuuuuuuuuuuuuuuuunnop",
    isNew: true,
    next: NOW + 5 * HOUR,
    where: "pve2",
  }),
  guest({
    vmid: 140,
    name: "old-mail",
    kind: "lxc",
    status: "paused",
    cells: "oooooooooooonnnnnnnnnnnnnnnnnn",
    next: null,
    last: NOW - 18 * DAY,
    reason: "Only in disabled jobs: weekly.",
  }),
  guest({
    vmid: 99,
    name: "scratch",
    kind: "lxc",
    deleted: true,
    cells: "ooooooooooooooooooooooouuuuuuu",
    next: null,
    last: NOW - 8 * DAY,
    reason: "",
  }),
];

export const HEALTHY = GUESTS.filter((row) => row.status === "ok");

const job = (change: Partial<RowData> & { id: string; name: string }): RowData => ({
  kind: "job",
  status: "ok",
  problem: false,
  cells: "nnnnonnnnnnonnnnnnonnnnnnonnnn",
  size: 64 * GIB,
  size_on: "nas",
  transferred: null,
  duration: 900,
  progress: null,
  last_success: NOW - 4 * DAY,
  next_due: NOW + 2.5 * DAY,
  entity_id: `binary_sensor.${change.name}_problem`,
  where: "nas",
  reason: "The last run was successful.",
  acknowledged: false,
  new: false,
  deleted: false,
  failures: 0,
  tags: [],
  jobs: [],
  storages: [],
  device_id: `dev-${change.name}`,
  ...change,
});

export const JOBS: RowData[] = [
  job({
    id: "e1/job/nightly",
    name: "nightly",
    status: "failed",
    problem: true,
    cells: "oooooooooooooooowooooooooooofff".slice(-30),
    size: 512 * GIB,
    duration: 4100,
    last_success: NOW - 3.3 * DAY,
    next_due: NOW + 17 * HOUR,
    where: "pbs-offsite",
    reason: "The last run on pve1 could not back up: postgres.",
    failures: 3,
    device_id: "j1",
  }),
  job({ id: "e1/job/weekly", name: "weekly", device_id: "j2" }),
];

export function manyGuests(count: number): RowData[] {
  const kinds = ["db", "web", "mail", "ci", "dns", "proxy", "git"];
  return Array.from({ length: count }, (_, n) => {
    const bad = n % 27 === 3;
    const cells = Array.from({ length: 30 }, (_, d) =>
      (n * 7 + d * 13) % 61 === 0 ? "f" : (n * 3 + d) % 43 === 0 ? "w" : "o",
    ).join("");
    return guest({
      vmid: 100 + n,
      name: `${kinds[n % 7]}-${100 + n}`,
      kind: n % 3 ? "qemu" : "lxc",
      where: `pve${1 + (n % 4)}`,
      cells: cells.slice(0, 29) + (bad ? "f" : "o"),
      status: bad ? "failed" : "ok",
      problem: bad,
      failures: bad ? 1 : 0,
      reason: bad ? "The last backup on pve1 failed: the storage pbs-offsite is full." : "",
    });
  });
}

export const sizesOf = (row: RowData): (number | null)[] =>
  [...row.cells].map((cell, day) =>
    "owr".includes(cell) && row.size
      ? Math.round(row.size * (0.78 + day * 0.007 + 0.02 * Math.sin(day * row.id.length)))
      : null,
  );

const copy = (name: string, change: Partial<Copy>): Copy => ({
  key: name,
  name,
  stands: "unknown",
  witness: "server",
  storages: [],
  newest: null,
  count: 12,
  verified: null,
  verified_elsewhere: null,
  bad: false,
  protected: 0,
  encrypted: null,
  unseen_since: null,
  away: false,
  ...change,
});

export function details(row: RowData): Details {
  const failed = row.status === "failed";
  const uncovered = row.status === "uncovered";
  const unseen = row.problem === null;
  const runs: Run[] = [...row.cells]
    .flatMap((cell, index): Run[] => {
      const back = 29 - index;
      if (!"owfmr".includes(cell)) return [];
      const day = new Date(Date.parse(`${END}T00:00:00Z`) - back * DAY * 1000).toISOString().slice(0, 10);
      const started = NOW - back * DAY - 7 * HOUR;
      const good = cell === "o" || cell === "w";
      return [
        {
          upid: cell === "m" ? null : `UPID:pve1:${index}`,
          node: "pve1",
          started,
          ended: cell === "r" ? null : started + 260,
          day,
          result:
            cell === "o"
              ? "ok"
              : cell === "w"
                ? "warning"
                : cell === "f"
                  ? "failed"
                  : cell === "m"
                    ? "missed"
                    : "running",
          job_id: "nightly",
          job_name: "nightly",
          by_hand: false,
          confidence: "exact",
          size: good ? (sizesOf(row)[index] ?? null) : null,
          transferred: good ? Math.round((row.size ?? 0) / 20) : null,
          duration: good ? Math.round(200 + index * 3 + 30 * Math.sin(index)) : cell === "f" ? 12 : null,
          error:
            cell === "f"
              ? "backup write data failed: command error: write_data upload error: pipelined request failed: No space left on device"
              : null,
          cause: cell === "f" ? "The storage pbs-offsite is full." : null,
          step: cell === "f" ? "Free space on pbs-offsite, or let the job keep fewer backups." : null,
          storage: "pbs-offsite",
          archive: good ? `pbs-offsite:backup/vm/101/${day}T01:00:04Z` : null,
        },
      ];
    })
    .reverse();
  return {
    row,
    end: END,
    ignoring: uncovered ? "offered" : row.status === "ignored" ? "chosen" : null,
    verdict: {
      status: row.status,
      problem: row.problem,
      reason: row.reason,
      reason_code: "x",
      since: row.problem && !uncovered ? NOW - 2.3 * DAY : null,
      seen_since: uncovered ? NOW - 16 * DAY : null,
      link: unseen ? "/config/repairs" : null,
      confidence: uncovered || unseen ? "none" : "exact",
      confidence_text: uncovered || unseen ? "No evidence yet" : "Exact: the log agent of pve1 saw this run.",
      evidence: [
        "The run of the job nightly on pve1, 28 Nov, 02:10.",
        "Its log ends with an error for this guest.",
        "The newest archive on pbs-offsite is of 24 Nov, 02:10.",
      ],
      failures: row.failures,
      last_success: row.last_success,
      next_due: row.next_due,
      findings: row.status === "warning" ? ["The backup is 40 % smaller than usual."] : [],
      next_step: failed ? "Free space on pbs-offsite, or let the job keep fewer backups." : null,
      error: null,
      acknowledged: row.acknowledged ? { until_next_run: false, until: NOW + DAY, note: "new disk ordered" } : null,
    },
    grounds: [
      "This has been so since Thursday, 26 November, 02:10.",
      "The run that counts was due on Saturday, 28 November, 02:00; until 04:00 it was still in time.",
      "This is certain: what Proxmox itself notes about the job says so.",
    ],
    runs,
    sizes: { storage: "nas", sizes: sizesOf(row), transferred: sizesOf(row).map((size) => size && size / 20) },
    archives: runs
      .filter((run) => run.archive)
      .slice(0, 9)
      .map((run, n) => ({
        volid: run.archive ?? "",
        storage: "pbs-offsite",
        ctime: run.started,
        size: run.size,
        finished: n === 5 ? null : true,
        verification: n ? "ok" : null,
        protected: n === 3,
        encrypted: true,
      })),
    copies: [
      copy("pbs: main/homelab", {
        stands: "here",
        newest: NOW - 36 * 3_600,
        verified: NOW - 36 * 3_600,
        storages: ["pbs"],
      }),
      copy("vault: tank/homelab", {
        stands: "elsewhere",
        newest: NOW - 5 * 86_400,
        count: 4,
        counts: false,
        why: "The newest one on vault: tank/homelab is of 23 Nov, older than promised.",
        verified_elsewhere: NOW - 5 * 86_400,
      }),
      copy("cellar: usb", { newest: NOW - 9 * 86_400, count: 2, away: true, unseen_since: NOW - 6 * 86_400 }),
    ],
    offsite: {
      status: "overdue",
      problem: true,
      reason: "The sync job “s-offsite” always skips ct/103: on vault: tank it belongs to somebody else.",
      since: NOW - 86_400,
      findings: [],
      next_step: "On the other server, give the group ct/103 to the user of the remote vault.",
    },
    tally: {
      copies: [1, 2],
      media: [1, null],
      offsite: [0, 0],
      newest: NOW - 36 * 3_600,
      newest_offsite: NOW - 5 * 86_400,
      newest_verified: NOW - 36 * 3_600,
      newest_locked: null,
      rule: {
        name: "3-2-1",
        state: "below",
        missing:
          "No copy outside this house that is good and new enough: the sync job “s-offsite” always skips ct/103: on vault: tank it belongs to somebody else.",
      },
    },
    restores: [
      "Last proven restorable: Monday, October 12, 20:14, in 14 min, from the copy from Sunday, October 11, 02:10 on pbs; the restored guest 9101 was started.",
      "Getting it back from pbs would take about 16 min: an estimate from the restores of this guest.",
    ],
    url: "https://pve1:8006/#v1:0:=qemu/101",
    device_id: "dev101",
  };
}

const EVENING = NOW + 12 * HOUR;
const planned = (job: string, node: string, slot: number, begin: number, end: number, own: Partial<NightRun> = {}) => ({
  job_id: job.toLowerCase(),
  job,
  node,
  slot: EVENING + slot * HOUR,
  begin: EVENING + begin * HOUR,
  end: EVENING + end * HOUR,
  known: true,
  running: false,
  gives_up: false,
  late: false,
  ...own,
});

/** A night in which one job waits for another, and is late. */
export const NIGHT: Night = {
  entry_id: "e1",
  begin: EVENING,
  done: EVENING + 9 * HOUR,
  done_by: EVENING + 8 * HOUR,
  runs: [
    planned("Nightly", "pve1", 0, 0, 4),
    planned("Nightly", "pve2", 0, 0, 2.5),
    planned("Weekly", "pve1", 2, 4, 9, { late: true }),
    planned("Weekly", "pve2", 2, 2.5, 3.5, { known: false }),
  ],
  told: [
    { job: "Weekly", text: "On pve1 the job waits for Nightly, probably until Sunday, November 29, 01:12." },
    { job: "Nightly", text: "Writes to nas at the same time as Weekly, from Sunday, November 29, 00:42." },
  ],
};

const tried = (days: number, stays: boolean) => ({
  volid: `nas:backup/vzdump-qemu-101-${days}.vma.zst`,
  created: new Date((NOW - days * DAY) * 1000).toISOString(),
  size: 4 * 1024 ** 3,
  stays,
  stays_now: days < 7,
});

/** What another retention would keep. */
export const TRIED: TriedRetention = {
  present: "keep-daily=7",
  present_rules: { last: 0, hourly: 0, daily: 7, weekly: 0, monthly: 0, yearly: 0 },
  removes: true,
  others: ["Weekly"],
  deduplicated: false,
  stay: 3,
  go: 4,
  stay_bytes: 12 * 1024 ** 3,
  go_bytes: 16 * 1024 ** 3,
  guests: [
    { vmid: 101, name: "web", storage: "nas", archives: [0, 1, 2, 3, 4, 5, 6].map((days) => tried(days, days < 3)) },
    { vmid: 102, name: null, storage: "usb", archives: null },
  ],
};

export const LOG: LogExcerpt = {
  lines: `INFO: starting new backup job: vzdump --all 1 --storage pbs-offsite
INFO: Starting Backup of VM 101 (qemu)
INFO: Backup started at 2026-11-28 02:10:04
INFO: status = running
INFO: VM Name: postgres
INFO: include disk 'scsi0' 'local-zfs:vm-101-disk-0' 64G
INFO: creating Proxmox Backup Server archive 'vm/101/2026-11-28T01:10:04Z'
INFO: started backup task '0b0c9c6e-9d0e'
INFO:   3% (2.1 GiB of 64.0 GiB) in 3s, read: 716.0 MiB/s, write: 38.7 MiB/s
ERROR: backup write data failed: command error: write_data upload error: pipelined request failed: No space left on device
INFO: aborting backup job
ERROR: Backup of VM 101 failed - backup write data failed: command error
INFO: Failed at 2026-11-28 02:10:16
WARN: 1 guest was not backed up`
    .split("\n")
    .map((text, n) => ({
      n: n + 118,
      text,
      level: text.startsWith("ERROR") ? "error" : text.startsWith("WARN") ? "warning" : "info",
    })),
  first_error: 127,
  total: 214,
  truncated: true,
};

export const CAUSES: Cause[] = [
  {
    id: "e1/job_nightly",
    entry_id: "e1",
    entity_ids: ["binary_sensor.postgres_backup_problem", "binary_sensor.nightly_problem"],
    kind: "job",
    title: "Backup failed 3 times in a row: nightly → pbs-offsite",
    why: ["Cause: the storage pbs-offsite is full."],
    todo: "Free space on pbs-offsite, or let the job keep fewer backups.",
    grounds: ["This has been so since Thursday, 26 November, 02:10.", "These are 3 failed or missed runs in a row."],
    link: null,
    since: NOW - 2 * DAY,
    unseen: false,
    silenced: false,
    guests: 1,
    jobs: 1,
    rows: ["e1/guest/101", "e1/job/nightly"],
    upid: "UPID:pve1:1",
  },
  {
    id: "e1/blind",
    entry_id: "e1",
    entity_ids: [],
    kind: "blind",
    title: "Cannot see the backups of homelab",
    why: ["The token may not see the backup runs on pve2: it needs Sys.Audit on /nodes/pve2."],
    todo: "Give the token its rights back. Settings > Repairs in Home Assistant has the command.",
    grounds: [],
    link: "/config/repairs",
    since: null,
    unseen: true,
    silenced: false,
    guests: 0,
    jobs: 0,
    rows: [],
    upid: null,
  },
];

export const STORAGES: Storage[] = [
  {
    id: "s1",
    entry_id: "e1",
    name: "pbs-offsite",
    status: "failed",
    problem: true,
    used: 1.98e12,
    total: 2e12,
    free: 2e10,
    full_on: NOW + 2 * DAY,
    reason: "The next backup does not fit any more.",
    entity_id: "sensor.a",
    device_id: "x",
  },
  {
    id: "s2",
    entry_id: "e1",
    name: "nas",
    status: "ok",
    problem: false,
    used: 3.1e12,
    total: 8e12,
    free: 4.9e12,
    full_on: NOW + 160 * DAY,
    reason: "Space for 160 days.",
    entity_id: "sensor.b",
    device_id: "y",
  },
  {
    id: "s3",
    entry_id: "e1",
    name: "local",
    status: "unknown",
    problem: null,
    used: null,
    total: null,
    free: null,
    full_on: null,
    reason: "The token may not read this storage.",
    entity_id: "sensor.c",
    device_id: "z",
  },
];

export const INFO: Info = { version: "1.0.0", frontend_hash: "0123456789", entries: [server()] };

export const ACTIVITY: Happened[] = [
  {
    id: "e1/run_1",
    entry_id: "e1",
    row: "e1/job/nightly",
    status: "failed",
    title: "nightly: failed for 1 of 9 guests",
    details: ["The last run on pve1 could not back up: postgres (101).", "84.2 GiB in 13 minutes."],
    at: NOW - 7 * HOUR,
    day: null,
  },
  {
    id: "e1/runs_mail",
    entry_id: "e1",
    row: null,
    status: "ok",
    title: "mail: 96 runs, all good",
    details: [],
    at: NOW - DAY,
    day: "2026-11-27",
  },
];

export const DIGESTS: Digest[] = [
  {
    id: "e1",
    name: "homelab",
    summary: "7 of 9 protected, 590 GiB in 2 h 10 min, to look at: postgres (101), paperless (204).",
    problems: 2,
    unknown: false,
    warning: true,
    csv: "/api/report.csv?authSig=1",
    html: "/api/report.html?authSig=1",
  },
];

const part = (change: Partial<RowData>): RowData => ({ ...(JOBS[0] as RowData), size: null, size_on: null, ...change });

/** The jobs of a backup server; one of them leaves a group out. */
export const SERVER_JOBS: RowData[] = [
  part({
    id: "b1/pbsjob/sync_offsite",
    entity_id: "binary_sensor.sync",
    name: "Everything to the vault",
    kind: "sync",
    status: "warning",
    problem: false,
    cells: `${"w".repeat(29)}p`,
    where: "main/homelab",
    reason: "Never copied, since they belong to somebody else on vault: homelab/ct/103.",
  }),
  part({ id: "b1/pbsjob/gc_main", name: "main", kind: "gc", status: "ok", problem: false, where: "main", reason: "" }),
];

/** Groups of clients. */
export const CLIENTS: RowData[] = [
  part({
    id: "b1/group/main::host/nas",
    entity_id: "binary_sensor.nas",
    name: "nas",
    kind: "host",
    status: "overdue",
    problem: true,
    cells: `${"o".repeat(28)}mm`,
    size: 120 * GIB,
    size_on: "main",
    where: "main",
    reason: "No backup for 2 d; usually every day at about 03:00.",
  }),
];

export const BACKUP_SERVER: Server = server({ id: "b1", name: "pbs", counts: null, url: "https://pbs:8007/" });

export const DATASTORES: BackupServer[] = [
  {
    id: "b1",
    name: "pbs",
    status: "warning",
    problem: false,
    reason: "One datastore or job needs a look.",
    next_step: null,
    version: "4.2.3",
    waiting: 2,
    entity_id: null,
    device_id: null,
    datastores: [
      {
        name: "main",
        comment: "in the cellar",
        status: "warning",
        problem: false,
        reason: "91 % full.",
        findings: ["12 GiB will be freed by the next garbage collection."],
        next_step: "Let a prune job keep fewer backups.",
        used: 1.82 * 2 ** 40,
        total: 2 * 2 ** 40,
        free: 0.18 * 2 ** 40,
        is_cache: false,
        full_on: NOW + 40 * DAY,
        collected: NOW - 5 * HOUR,
        filled: NOW - 2 * HOUR,
        verified: NOW - 3 * DAY,
        bad: 0,
        groups: 12,
        restore_points: 86,
        loose: [
          {
            ns: "lab",
            group: "vm/300",
            name: "<i>lab</i>",
            owner: "friend@pbs",
            orphaned: false,
            last: NOW - 30 * DAY,
            count: 3,
            size: 20 * GIB,
          },
          {
            ns: "",
            group: "vm/999",
            name: null,
            owner: null,
            orphaned: true,
            last: NOW - 300 * DAY,
            count: 1,
            size: null,
          },
        ],
        loose_count: 2,
        entity_id: "binary_sensor.main_problem",
        device_id: null,
      },
    ],
  },
];

/** What would be left if pve1 died; of other deaths the same guests with other names. */
export const survivalOf = (died = "e1/node:pve1"): Survival => ({
  deaths: [
    { key: "e1/node:pve1", entry_id: "e1", kind: "node", name: "pve1", none: 1, unknown: 1 },
    { key: "e1/node:pve2", entry_id: "e1", kind: "node", name: "pve2", none: 0, unknown: 0 },
    { key: "e1/storage:nas", entry_id: "e1", kind: "storage", name: "nas", none: 0, unknown: 0 },
    { key: "e1/place:here", entry_id: "e1", kind: "place", name: "here", none: 7, unknown: 0 },
  ],
  answer: {
    died,
    heading: `If ${died.split(":")[1]} died`,
    read: NOW - 240,
    guests: [
      {
        id: "e1/guest/103",
        name: "vaultwarden",
        vmid: 103,
        left: "none",
        text: "Lost, with all its copies.",
        lost: null,
        bare: false,
      },
      {
        id: "e1/guest/101",
        name: "postgres",
        vmid: 101,
        left: "unknown",
        text: "Perhaps the copy from today 02:30 on nas is left: the address 192.168.1.20 of nas may be that of docker (101), whose configuration names none.",
        lost: null,
        bare: false,
      },
      {
        id: "e1/guest/100",
        name: "home-assistant",
        vmid: 100,
        left: "copy",
        text: "The copy from yesterday 22:00 on pbs is left.",
        lost: "11 hours",
        bare: false,
      },
      {
        id: "e1/guest/110",
        name: "nextcloud",
        vmid: 110,
        left: "lives",
        text: "Lives on, but without any copy.",
        lost: null,
        bare: true,
      },
      { id: "e1/guest/111", name: "paperless", vmid: 111, left: "lives", text: "Lives on.", lost: null, bare: false },
      { id: "e1/guest/112", name: "jellyfin", vmid: 112, left: "lives", text: "Lives on.", lost: null, bare: false },
    ],
    storages: [
      { name: "pve1/local", left: false, why: null },
      { name: "nas", left: null, why: "nobody has said yet where nas stands" },
      { name: "pbs", left: true, why: null },
    ],
  },
});
