import type { Row } from "../data/row";
import { countStatuses, filterRows, searchRows } from "../model/filter";
import { type Grouping, grouped } from "../model/groups";
import { type Sort, sortRows } from "../model/sort";
import { textBelow } from "../model/status";
import { type Layout, layout, reasonLines, rowHeight } from "./columns";
import { shownColumns, type WallConfig } from "./config";
import { Offsets } from "./window";

/** A line of the list: a row, or the head of a group. The same row may stand in several groups. */
export type Line =
  | { key: string; row: Row; group?: undefined }
  | { key: string; row?: undefined; group: string; rows: number; problems: number; folded: boolean };

/** What whoever looks has chosen beside the settings of the card. */
export interface Choice {
  status: string | undefined;
  query: string;
  sort: Sort;
  reversed: boolean;
  groupBy: Grouping;
  folded: ReadonlySet<string>;
}

export interface Arranged {
  /** The rows that the settings of the card let through. */
  listed: Row[];
  counts: ReturnType<typeof countStatuses>;
  lines: Line[];
  /** How many rows there are, each counted once. */
  rows: number;
  columns: Layout;
  offsets: Offsets;
}

const GROUP_HEIGHT = 36;

/** Works out which rows there are, in which order and how high. */
export function arrange(
  rows: readonly Row[],
  config: WallConfig,
  choice: Choice,
  width: number,
  days: number,
): Arranged {
  const listed = filterRows(rows, config.filter, config.hide_deleted);
  const searched = searchRows(listed, choice.query);
  const chosen = choice.status ? searched.filter((row) => row.status === choice.status) : searched;
  const lines = linesOf(sortRows(chosen, choice.sort, choice.reversed), choice);
  const shown = shownColumns(config).filter((column) => column !== "copies" || listed.some((row) => row.copies));
  const columns = layout(width, days, shown);
  const heightOf = (row: Row) => rowHeight(columns, row.progress ? 1 : reasonLines(columns, width, textBelow(row)));
  const heights = lines.map((line) => (line.row ? heightOf(line.row) : GROUP_HEIGHT));
  return { listed, counts: countStatuses(listed), lines, rows: chosen.length, columns, offsets: new Offsets(heights) };
}

function linesOf(rows: Row[], { groupBy, folded }: Choice): Line[] {
  if (groupBy === "none") return rows.map((row) => ({ key: row.id, row }));
  return grouped(rows, groupBy).flatMap(({ name, rows: its, problems }) => {
    const head = { key: `group ${name}`, group: name, rows: its.length, problems, folded: folded.has(name) };
    return head.folded ? [head] : [head, ...its.map((row) => ({ key: `${name} ${row.id}`, row }))];
  });
}
