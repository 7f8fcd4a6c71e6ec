import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { Row } from "../data/row";
import type { Sizes } from "../data/sizes";
import { formatOf } from "../format";
import type { Hass } from "../ha/types";
import { wordsOf } from "../i18n/words";
import { dayOfCell } from "../model/days";
import { daySentence } from "./row";
import { cellPlace, cellUnder } from "./strip";

/** The cells of days of which there is something to show. */
export const HAPPENED = "owfmr";

/** What the wall knows. */
interface Wall {
  rowOf: (target: Element) => Row | undefined;
  look: () => { hass: Hass | undefined; end: string; sizes: Sizes | undefined };
}

/** A day of a row, and where its bar is on the screen. */
export interface Pointed {
  row: Row;
  cell: number;
  box: DOMRect;
}

const REST = 140;
const HOLD = 450;
const SLIP = 10;
const HALF = 165;

/**
 * Shows what happened on the day that somebody points at, holds a finger on, or has come to with the keyboard.
 *
 * What it says at once comes with the row; the runs are fetched when the pointer rests.
 */
export class DayTip implements ReactiveController {
  shown?: Pointed;
  /** Until the finger is lifted it chooses days instead of opening a row. */
  #held = false;
  #touched?: { x: number; y: number };
  #timer?: ReturnType<typeof setTimeout>;

  #runs?: { module: typeof import("./day-runs"); known: import("./day-runs").DayRuns };

  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly wall: Wall,
  ) {
    host.addController(this);
  }

  hostDisconnected(): void {
    this.hide();
  }

  /** It stands above all else, also above the frame of a dialog. */
  hostUpdated(): void {
    const tip = this.host.shadowRoot?.querySelector<HTMLElement>(".tip");
    if (tip && !tip.matches(":popover-open")) tip.showPopover?.();
  }

  /** Returns the row and the cell of it that a pointer is on. */
  under(event: MouseEvent): Pointed | undefined {
    const target = event.target as Element;
    const strip = target.closest?.(".strip");
    const row = strip && this.wall.rowOf(target);
    if (!strip || !row) return undefined;
    return pointedOf(row, cellUnder(event, strip, row.cells.length), strip);
  }

  show(pointed: Pointed | undefined, wait = REST): void {
    const before = this.shown;
    if (!pointed) {
      this.hide();
      return;
    }
    if (before?.row === pointed.row && before.cell === pointed.cell) return;
    this.shown = pointed;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#rest(pointed), wait);
    this.host.requestUpdate();
  }

  hide = (): void => {
    clearTimeout(this.#timer);
    this.#touched = undefined;
    if (!this.shown) return;
    this.shown = undefined;
    this.host.requestUpdate();
  };

  onMove = (event: PointerEvent): void => {
    if (event.pointerType === "mouse") this.show(this.under(event));
    else if (this.#held) this.show(this.#along(event), 0);
    else if (this.#touched && Math.hypot(event.clientX - this.#touched.x, event.clientY - this.#touched.y) > SLIP)
      this.hide();
  };

  onLeave = (event: PointerEvent): void => {
    if (event.pointerType === "mouse") this.hide();
  };

  onDown = (event: PointerEvent): void => {
    if (event.pointerType === "mouse") return;
    this.#held = false;
    this.hide();
    const pointed = this.under(event);
    if (!pointed) return;
    this.#touched = { x: event.clientX, y: event.clientY };
    this.#timer = setTimeout(() => {
      this.#held = true;
      this.show(pointed, 0);
    }, HOLD);
  };

  onUp = (): void => {
    if (!this.#held) clearTimeout(this.#timer);
    this.#touched = undefined;
  };

  /** A long press asks for no menu of the browser. */
  onMenu = (event: Event): void => {
    if (this.#held || this.#touched) event.preventDefault();
  };

  /** Tells whether a click is the end of a long press, which opens nothing. */
  endsHold(): boolean {
    const held = this.#held;
    this.#held = false;
    return held;
  }

  #along(event: PointerEvent): Pointed | undefined {
    const row = this.shown?.row;
    const strip = (event.target as Element).closest(".row")?.querySelector(".strip");
    return row && strip ? pointedOf(row, cellUnder(event, strip, row.cells.length), strip) : this.shown;
  }

  async #rest({ row, cell }: Pointed): Promise<void> {
    const { hass } = this.wall.look();
    if (!hass || !HAPPENED.includes(row.cells[cell] ?? "-")) return;
    if (!this.#runs) {
      const module = await import("./day-runs");
      this.#runs ??= { module, known: new module.DayRuns(() => this.host.requestUpdate()) };
    }
    await this.#runs.known.want(hass, row, row.cells.length);
  }

  /** Says what happened on a day; with the causes, once they are there. */
  sentence(row: Row, cell: number): string {
    const { hass } = this.wall.look();
    const more = hass && this.#runs?.module.dayRunsText(this.#runsOf(row, cell), wordsOf(hass), formatOf(hass));
    return [this.#inShort(row, cell), more].filter(Boolean).join(". ");
  }

  #inShort(row: Row, cell: number): string {
    const { hass, sizes } = this.wall.look();
    return hass ? daySentence(row, this.#day(row, cell), cell, sizes?.of(row), wordsOf(hass), formatOf(hass)) : "";
  }

  #day = (row: Row, cell: number): string => dayOfCell(this.wall.look().end, row.cells.length, cell);

  #runsOf = (row: Row, cell: number) => this.#runs?.known.of(row, this.#day(row, cell)) ?? [];

  render(): TemplateResult | typeof nothing {
    const { shown } = this;
    const { hass } = this.wall.look();
    if (!shown || !hass) return nothing;
    const { row, cell, box } = shown;
    const runs = this.#runs?.module.dayRuns(this.#runsOf(row, cell), wordsOf(hass), formatOf(hass)) ?? nothing;
    const x = Math.max(HALF + 8, Math.min(window.innerWidth - HALF - 8, box.x));
    const below = box.top < window.innerHeight / 3;
    const y = below ? box.bottom + 6 : box.top - 6;
    return html`<div class="tip ${below ? "below" : ""}" popover="manual" aria-hidden="true" style="left:${x}px;top:${y}px">
      <b>${this.#inShort(row, cell)}</b>${runs}
    </div>`;
  }
}

const pointedOf = (row: Row, cell: number, strip: Element): Pointed => ({
  row,
  cell,
  box: cellPlace(cell, strip, row.cells.length),
});
