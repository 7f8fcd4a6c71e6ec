/** How wide each column is; computed rather than left to the browser, so that cells fall on whole pixels. */

export const COLUMNS = ["reason", "spark", "copies", "size", "last", "next"] as const;
export type Column = (typeof COLUMNS)[number];

export interface Layout {
  narrow: boolean;
  name: number;
  strip: number;
  spark: boolean;
  copies: boolean;
  size: boolean;
  last: boolean;
  next: boolean;
  reason: boolean;
  template: string;
}

export const NARROW = 520;
export const STRIP_HEIGHT = 22;
const PADDING = 34; // 16 at either side, and the border of the card
const GAP = 14;
const MARK = 12;
const WIDTHS = { spark: 64, copies: 56, size: 72, last: 84, next: 72 };
const WIDEST_CELL = 30;
const LEAST_PITCH = 7;

export function layout(width: number, days: number, show: readonly string[]): Layout {
  const narrow = width < NARROW;
  const has = Object.fromEntries(COLUMNS.map((column) => [column, show.includes(column)])) as Record<Column, boolean>;
  if (narrow) {
    const strip = Math.max(80, width - PADDING - MARK - GAP);
    return { narrow, name: 0, strip, ...has, spark: false, last: false, template: "" };
  }
  const room = () => {
    const fixed = (Object.keys(WIDTHS) as (keyof typeof WIDTHS)[]).filter((column) => has[column]);
    return width - PADDING - MARK - 2 * GAP - fixed.reduce((sum, column) => sum + WIDTHS[column] + GAP, 0);
  };
  // What goes last is the age of the last good backup, then what copies there are: they say more than size and next run.
  for (const column of ["spark", "size", "next", "copies", "last"] as const) {
    if (room() - nameWidth(room()) < days * LEAST_PITCH) has[column] = false;
  }
  const strip = Math.floor(Math.min(room() - nameWidth(room()), days * WIDEST_CELL));
  const name = Math.floor(room() - strip);
  const columns = [
    MARK,
    name,
    strip,
    ...(["spark", "copies", "size", "last", "next"] as const).filter((c) => has[c]).map((c) => WIDTHS[c]),
  ];
  return { narrow, name, strip, ...has, template: columns.map((column) => `${column}px`).join(" ") };
}

const nameWidth = (room: number): number => Math.min(230, Math.max(110, room * 0.32));

const REASON_LINE = 18;
const MOST_LINES = 3;
const LETTER = 5.8; // the mean width of one at 12 px

/** Returns how many lines a reason takes. */
export function reasonLines(layout: Layout, width: number, reason: string): number {
  if (!layout.reason || !reason) return 0;
  const room = Math.max(120, width - PADDING - MARK - GAP);
  return Math.min(MOST_LINES, Math.ceil((reason.length * LETTER) / room));
}

/** Returns how high a row is with so many lines of a reason. */
export const rowHeight = (layout: Layout, lines: number): number =>
  (layout.narrow ? 58 : 40) + (lines ? lines * REASON_LINE + 4 : 0);
