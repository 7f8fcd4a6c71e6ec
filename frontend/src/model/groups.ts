import type { Group } from "../data/contract";
import type { Row } from "../data/row";
import { needsAttention } from "./status";

export const GROUPINGS = ["none", "server", "node", "job", "storage", "tag"] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** What can be told apart: jobs lie on no node, in no job and have no tags; a single cluster is no group. */
export function groupingsOf(group: Group, servers: number): Grouping[] {
  const possible: Grouping[] = group === "guest" ? [...GROUPINGS] : ["none", "server", "storage"];
  return possible.filter((grouping) => grouping !== "server" || servers > 1);
}

export interface RowGroup {
  /** Empty where a row has none of what is grouped by, as no job. */
  name: string;
  rows: Row[];
  problems: number;
}

const NAMES: Record<Exclude<Grouping, "none">, (row: Row) => readonly string[]> = {
  server: (row) => [row.entryId],
  node: (row) => [row.where],
  job: (row) => row.jobs,
  storage: (row) => row.storages,
  tag: (row) => row.tags,
};

/** Returns the rows in groups by name, each row in all that it belongs to, those of no group at the end. */
export function grouped(rows: readonly Row[], by: Exclude<Grouping, "none">): RowGroup[] {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const names = NAMES[by](row).filter(Boolean);
    for (const name of names.length ? names : [""]) found.set(name, [...(found.get(name) ?? []), row]);
  }
  const order = new Intl.Collator(undefined, { numeric: true });
  return [...found]
    .sort(([a], [b]) => Number(!a) - Number(!b) || order.compare(a, b))
    .map(([name, its]) => ({ name, rows: its, problems: its.filter(needsAttention).length }));
}
