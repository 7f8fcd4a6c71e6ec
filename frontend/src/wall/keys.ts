export interface Cursor {
  row: number;
  /** The cell of the strip, or -1 while none is chosen. */
  day: number;
}

/** Returns where a key leads from here, or undefined where it leads nowhere. */
export function move(key: string, at: Cursor, size: { rows: number; days: number; page: number }): Cursor | undefined {
  const row = (to: number): Cursor => ({ row: Math.max(0, Math.min(size.rows - 1, to)), day: at.day });
  const day = (by: number): Cursor => ({
    row: at.row,
    day: at.day < 0 ? size.days - 1 : Math.max(0, Math.min(size.days - 1, at.day + by)),
  });
  switch (key) {
    case "ArrowDown":
      return row(at.row + 1);
    case "ArrowUp":
      return row(at.row - 1);
    case "PageDown":
      return row(at.row + size.page);
    case "PageUp":
      return row(at.row - size.page);
    case "Home":
      return row(0);
    case "End":
      return row(size.rows - 1);
    case "ArrowLeft":
      return day(-1);
    case "ArrowRight":
      return day(1);
    default:
      return undefined;
  }
}
