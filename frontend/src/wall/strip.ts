import { html, nothing, svg, type TemplateResult } from "lit";
import { CELLS, type Cell } from "../model/status";

/** Where a cell begins and how wide it is, in whole pixels. */
export function cellBox(index: number, days: number, width: number): { x: number; w: number } {
  const pitch = width / days;
  const gap = pitch >= 9 ? 3 : pitch >= 5 ? 2 : 1;
  const x = Math.round(index * pitch);
  return { x, w: Math.max(1, Math.round((index + 1) * pitch) - x - gap) };
}

/** Returns the cell at a place on the strip. */
export const cellAt = (x: number, days: number, width: number): number =>
  Math.max(0, Math.min(days - 1, Math.floor((x / width) * days)));

/** Tells the direction that Home Assistant sets as a style, which ":dir()" does not see. */
export const isRightToLeft = (element: Element): boolean => getComputedStyle(element).direction === "rtl";

/** Returns the cell that the pointer is on, from whichever side the days run. */
export function cellUnder(event: MouseEvent, strip: Element, days: number): number {
  const { left, right, width } = strip.getBoundingClientRect();
  return cellAt(isRightToLeft(strip) ? right - event.clientX : event.clientX - left, days, width);
}

/** Returns the middle of a cell on the screen, as high as its strip. */
export function cellPlace(cell: number, strip: Element, days: number): DOMRect {
  const { left, right, top, width, height } = strip.getBoundingClientRect();
  const { x, w } = cellBox(cell, days, width);
  return new DOMRect(isRightToLeft(strip) ? right - x - w / 2 : left + x + w / 2, top, 0, height);
}

function bar(x: number, y: number, w: number, h: number, r = 1.5): string {
  const c = Math.min(r, w / 2, h / 2);
  const corner = (dx: number, dy: number) => `a${c} ${c} 0 0 1 ${dx} ${dy}`;
  return (
    `M${x + c} ${y}h${w - 2 * c}${corner(c, c)}v${h - 2 * c}${corner(-c, c)}` +
    `h${2 * c - w}${corner(-c, -c)}v${2 * c - h}${corner(c, -c)}z`
  );
}

/** Draws each verdict in a shape of its own, so that colour is never all that tells them apart. */
function cellPath(cell: Cell, x: number, w: number, height: number): string {
  const half = Math.round(height * 0.45);
  switch (cell) {
    case "o":
    case "r":
      return bar(x, height - half, w, half);
    case "w":
      return bar(x + 0.5, height * 0.25, w - 1, height * 0.75 - 0.5);
    case "f":
      return bar(x, 0, w, height);
    case "m":
      return bar(x + 1, 1, Math.max(1, w - 2), height - 2, 1);
    case "p":
      return bar(x + 0.5, height - half + 0.5, w - 1, half - 1);
    case "n":
      return bar(x + w / 2 - Math.min(3, w / 2), height - half / 2 - 1, Math.min(6, w), 2, 1);
    case "u":
      return bar(x + w / 2 - 1, height - half / 2 - 1, 2, 2, 1);
  }
}

const drawn = new Map<string, [Cell, string][]>();
const MOST_DRAWN = 2_000;

/** Returns one path for each verdict that occurs; what was drawn once is not worked out again. */
export function stripPaths(cells: string, width: number, height: number): [Cell, string][] {
  const key = `${cells}${width}/${height}`;
  const known = drawn.get(key);
  if (known) return known;
  if (drawn.size > MOST_DRAWN) drawn.clear();
  const paths = new Map<Cell, string>();
  for (let index = 0; index < cells.length; index++) {
    const cell = (CELLS as readonly string[]).includes(cells[index] ?? "") ? (cells[index] as Cell) : "u";
    const { x, w } = cellBox(index, cells.length, width);
    paths.set(cell, (paths.get(cell) ?? "") + cellPath(cell, x, w, height));
  }
  drawn.set(key, [...paths]);
  return [...paths];
}

/** The last days of a row, as bars. */
export function strip(cells: string, width: number, height: number, cursor = -1): TemplateResult {
  const box = cellBox(cursor, cells.length, width);
  return html`<svg class="strip" width=${width} height=${height} aria-hidden="true">
    ${stripPaths(cells, width, height).map(([cell, d]) => svg`<path class="c-${cell}" d=${d}></path>`)}
    ${
      cursor < 0
        ? nothing
        : svg`<rect class="cursor" x=${box.x - 1.5} y="-1.5" width=${box.w + 3} height=${height + 3} rx="3"></rect>`
    }
  </svg>`;
}
