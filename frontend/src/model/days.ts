/** Calendar days as text, YYYY-MM-DD; computed in UTC, where every day has 24 hours, so that summer time cannot shift them. */

const DAY = 86_400_000;

export const dateOf = (day: string): Date => new Date(`${day}T00:00:00Z`);

export function addDays(day: string, days: number): string {
  return new Date(dateOf(day).getTime() + days * DAY).toISOString().slice(0, 10);
}

/** Returns the day of a cell of a strip that ends on `end`. */
export const dayOfCell = (end: string, days: number, index: number): string => addDays(end, index - days + 1);

/** Returns the cell of a day, which is outside the strip where it is negative or not below `days`. */
export const cellOfDay = (end: string, days: number, day: string): number =>
  days - 1 - Math.round((dateOf(end).getTime() - dateOf(day).getTime()) / DAY);

/** Returns the cells that get a date above the strip: today and every week before, or fewer where there is no room. */
export function labelledCells(days: number, width: number): number[] {
  const weeks = Math.max(1, Math.ceil(64 / ((width / days) * 7)));
  const cells: number[] = [];
  for (let cell = days - 1; cell >= 0; cell -= 7 * weeks) cells.unshift(cell);
  return cells;
}
