import type { RowTuple, Status } from "./contract";

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
  duration: number | null;
  lastSuccess: number | null;
  nextDue: number | null;
  entityId: string | null;
  where: string;
  reason: string;
  acknowledged: boolean;
  deleted: boolean;
  isNew: boolean;
  failures: number;
  tags: string[];
  deviceId: string | null;
}

export function decodeRow(tuple: RowTuple): Row {
  const [id, name, kind, status, problem, cells, size, duration, lastSuccess, nextDue, entityId, where] = tuple;
  const [, , , , , , , , , , , , reason, flags, failures, tags, deviceId] = tuple;
  const [entryId = "", , ...key] = id.split("/");
  return {
    id,
    entryId,
    key: key.join("/"),
    name: name || key.join("/"),
    kind,
    status,
    problem: problem ?? null,
    cells,
    size: size ?? null,
    duration: duration ?? null,
    lastSuccess: lastSuccess ?? null,
    nextDue: nextDue ?? null,
    entityId: entityId ?? null,
    where: where ?? "",
    reason: reason ?? "",
    acknowledged: !!flags?.includes("a"),
    deleted: !!flags?.includes("d"),
    isNew: !!flags?.includes("n"),
    failures: failures ?? 0,
    tags: tags ?? [],
    deviceId: deviceId ?? null,
  };
}

/** Returns what Proxmox's users call a row: "VM 101". */
export function labelOf(row: Row): string {
  if (row.kind === "job") return row.key;
  return `${row.kind === "lxc" ? "CT" : "VM"} ${row.key}`;
}
