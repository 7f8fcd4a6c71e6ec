import type { ReactiveControllerHost } from "lit";
import type { Row } from "../data/row";
import type { Line } from "./arrange";
import type { DayTip, Pointed } from "./day-tip";
import { move } from "./keys";
import { cellPlace } from "./strip";
import type { Offsets } from "./window";

/** What the list shows, as the cursor moves over it. */
interface List {
  lines: readonly Line[];
  offsets: Offsets | undefined;
  days: number;
  /** How many lines are on the screen at once. */
  page: number;
}

/** Where the keyboard is in the wall: on a line, and on a day of it. */
export class Cursor {
  key?: string;
  /** The cell, or -1 where the whole row is meant. */
  day = -1;

  constructor(
    private readonly host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment },
    private readonly list: () => List,
    private readonly tip: DayTip,
    private readonly scrolled: (top: number) => void,
  ) {}

  get row(): Row | undefined {
    return this.list().lines.find((line) => line.key === this.key)?.row;
  }

  /** Comes to a line, as the focus does. */
  take(key: string): void {
    this.key = key;
    this.host.requestUpdate();
  }

  onKey = async (event: KeyboardEvent): Promise<void> => {
    if (event.key === "Escape" && this.tip.shown) {
      event.stopPropagation();
      this.tip.hide();
      return;
    }
    const { lines, days, page } = this.list();
    const at = {
      row: Math.max(
        0,
        lines.findIndex((line) => line.key === this.key),
      ),
      day: this.day,
    };
    const to = move(event.key, at, { rows: lines.length, days, page });
    if (!to || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.day = to.day;
    this.key = lines[to.row]?.key;
    this.host.requestUpdate();
    if (to.row !== at.row) await this.show(to.row);
    else await this.host.updateComplete;
    this.tip.show(this.pointed());
  };

  /** Says what happened on the day. */
  sentence(): string {
    return this.row && this.day >= 0 ? this.tip.sentence(this.row, this.day) : "";
  }

  private async show(index: number): Promise<void> {
    const scroll = this.host.renderRoot.querySelector(".scroll");
    const { offsets } = this.list();
    if (!scroll || !offsets) return;
    const [top, bottom] = [offsets.top(index), offsets.top(index + 1)];
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (bottom > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = bottom - scroll.clientHeight;
    this.scrolled(scroll.scrollTop);
    await this.host.updateComplete;
    this.button?.focus({ preventScroll: true });
  }

  private get button(): HTMLElement | null {
    return this.host.renderRoot.querySelector<HTMLElement>(`[data-key="${CSS.escape(this.key ?? "")}"]`);
  }

  /** Returns the day, with its place on the screen. */
  private pointed(): Pointed | undefined {
    const { row } = this;
    const strip = this.button?.querySelector(".strip");
    return row && strip && this.day >= 0
      ? { row, cell: this.day, box: cellPlace(this.day, strip, row.cells.length) }
      : undefined;
  }
}
