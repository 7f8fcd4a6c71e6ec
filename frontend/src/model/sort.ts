import type { Row } from "../data/row";
import { badDays, rankOf } from "./status";

export const SORTS = ["worst", "name", "copies", "size", "last", "next"] as const;
export type Sort = (typeof SORTS)[number];

type Compare = (a: Row, b: Row) => number;

const keys = new WeakMap<Row, string>();

/** Returns a text by which names sort as people do, numbers by their size; names are host names, which need no collation. */
function keyOf(row: Row): string {
  const key =
    keys.get(row) ?? `${row.name} ${row.key}`.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(9, "0"));
  keys.set(row, key);
  return key;
}

const byName: Compare = (a, b) => (keyOf(a) < keyOf(b) ? -1 : 1);

/** Problems nobody knows of yet, then what cannot be seen, then problems that were acknowledged, then the rest. */
const urgency = (row: Row): number => {
  if (row.problem === true) return row.acknowledged ? 2 : 0;
  return row.problem === null ? 1 : 3;
};

const ranks = new WeakMap<Row, number>();

/** Returns a number by which the worst comes first: how urgent, how bad, how often in a row, how often in the last week. */
function worstOf(row: Row): number {
  let rank = ranks.get(row);
  if (rank === undefined) {
    const digits = [
      urgency(row),
      rankOf(row.status),
      999 - Math.min(999, row.failures),
      9 - badDays(row.cells.slice(-7)),
    ];
    rank = digits.reduce((sum, digit) => sum * 1_000 + digit, 0);
    ranks.set(row, rank);
  }
  return rank;
}

/** Too few copies, then what is not known, then the rest; where there is no rule last. */
const lackOf = (row: Row): number => ["below", "unknown", "pending", "met"].indexOf(row.copies?.state ?? "") >>> 0;

const ORDERS: Record<Sort, Compare> = {
  worst: (a, b) => worstOf(a) - worstOf(b),
  name: () => 0,
  copies: (a, b) => lackOf(a) - lackOf(b),
  size: (a, b) => (b.size ?? -1) - (a.size ?? -1),
  last: (a, b) => (a.lastSuccess ?? 0) - (b.lastSuccess ?? 0),
  next: (a, b) => (a.nextDue ?? Number.MAX_SAFE_INTEGER) - (b.nextDue ?? Number.MAX_SAFE_INTEGER),
};

/** Returns the rows in order, or the other way round; what is deleted comes last, whatever the order. */
export function sortRows(rows: readonly Row[], sort: Sort, reversed = false): Row[] {
  const order = ORDERS[sort] ?? ORDERS.worst;
  const sign = reversed ? -1 : 1;
  return [...rows].sort((a, b) => Number(a.deleted) - Number(b.deleted) || sign * (order(a, b) || byName(a, b)));
}
