import type { Status } from "../data/contract";
import type { Row } from "../data/row";
import { STATUSES } from "./status";

/** What the configuration of a card lets through. */
export interface RowFilter {
  status?: Status[];
  tags?: string[];
  where?: string[];
  problems?: boolean;
}

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

export function filterRows(rows: readonly Row[], filter: RowFilter = {}, hideDeleted = false): Row[] {
  const [status, tags, where] = [list(filter.status), list(filter.tags), list(filter.where)];
  return rows.filter(
    (row) =>
      !(hideDeleted && row.deleted) &&
      (!filter.problems || row.problem === true) &&
      (!status.length || status.includes(row.status)) &&
      (!tags.length || row.tags.some((tag) => tags.includes(tag))) &&
      (!where.length || where.includes(row.where)),
  );
}

/** Returns the rows that a search finds: every word in the name, the number, the tags or where it is. */
export function searchRows(rows: readonly Row[], query: string): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [...rows];
  return rows.filter((row) => {
    const text = [row.name, row.key, row.where, row.kind, ...row.tags].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Counts the rows of each status that occurs, the worst first. */
export function countStatuses(rows: readonly Row[]): [Status, number][] {
  const counts = new Map<Status, number>();
  for (const row of rows) if (!row.deleted) counts.set(row.status, (counts.get(row.status) ?? 0) + 1);
  return STATUSES.filter((status) => counts.has(status)).map((status) => [status, counts.get(status) ?? 0]);
}
