import type { Progress, RowCopies, RowData, Status } from "./contract";

/** One guest or one job on the wall. */
export interface Row {
  id: string;
  entryId: string;
  /** What Proxmox calls it: the guest's number or the job's id. */
  key: string;
  name: string;
  kind: string;
  status: Status;
  problem: boolean | null;
  cells: string;
  size: number | null;
  sizeOn: string | null;
  transferred: number | null;
  duration: number | null;
  progress: Progress | null;
  lastSuccess: number | null;
  nextDue: number | null;
  entityId: string | null;
  where: string;
  jobs: string[];
  storages: string[];
  reason: string;
  offsite: string | null;
  copies: RowCopies | null;
  acknowledged: boolean;
  deleted: boolean;
  isNew: boolean;
  failures: number;
  tags: string[];
  deviceId: string | null;
}

export function decodeRow(data: RowData): Row {
  const { last_success, next_due, size_on, entity_id, device_id, new: isNew, ...rest } = data;
  const [entryId = "", , ...key] = data.id.split("/");
  return {
    ...rest,
    entryId,
    key: key.join("/"),
    name: data.name || key.join("/"),
    offsite: data.offsite ?? null,
    copies: data.copies ?? null,
    sizeOn: size_on,
    lastSuccess: last_success,
    nextDue: next_due,
    entityId: entity_id,
    deviceId: device_id,
    isNew,
  };
}

/** Says what is known of the last good backup where its time is not: of what cannot be judged nobody knows that there is none. */
export const noLastGood = (row: { problem: boolean | null }): "last_good_none" | "last_good_unknown" =>
  row.problem === null ? "last_good_unknown" : "last_good_none";

/** The jobs of backup servers, as Proxmox calls them. */
const JOB_KINDS: Record<string, string> = { sync: "Sync", verify: "Verify", prune: "Prune", gc: "Garbage collection" };

/** Tells whether a row is of a job of a backup server. */
export const isServerJob = (row: Row): boolean => row.kind in JOB_KINDS;

/** Tells whether a row is of something that runs, and not of something that is backed up. */
export const isJob = (row: Row): boolean => row.kind === "job" || isServerJob(row);

/** Returns what Proxmox's users call a row: "VM 101", of a backup group "host/nas". */
export function labelOf(row: Row): string {
  if (row.kind === "job") return row.key;
  const kind = JOB_KINDS[row.kind];
  if (kind) return kind;
  if (row.key.includes(":")) return row.key.split(":").pop() ?? "";
  return `${row.kind === "lxc" ? "CT" : "VM"} ${row.key}`;
}

/** The number of a guest of a cluster; nothing else has one. */
export const vmidOf = (row: Row): number | undefined => (/^\d+$/.test(row.key) ? Number(row.key) : undefined);
