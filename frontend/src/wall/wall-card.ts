import { html, nothing, type PropertyValues } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Row } from "../data/row";
import type { Sizes } from "../data/sizes";
import { WallController } from "../data/wall-controller";
import { loadDetails, openDetails } from "../details/open";
import { formatOf } from "../format";
import { card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import { pageWords } from "../ha/page-words";
import type { Hass } from "../ha/types";
import { wordsOf } from "../i18n/words";
import { dayOfCell } from "../model/days";
import { look } from "../styles/look";
import { stripLook } from "../styles/strip-look";
import { type Arranged, arrange, type Line } from "./arrange";
import { Chooser } from "./chooser";
import { COLUMNS } from "./columns";
import { checkConfig, DEFAULT_DAYS, DEFAULT_ROWS, PREVIEW_ROWS, type WallConfig } from "./config";
import { Cursor } from "./cursor";
import { DayTip, HAPPENED } from "./day-tip";
import { groupHead } from "./group-head";
import { columnHeads, narrowAxis } from "./head";
import { openWall } from "./open-wall";
import { type RowView, rowContent } from "./row";
import { skeleton } from "./skeleton";
import { isRightToLeft } from "./strip";
import { wallStyles } from "./styles";
import { isLost, namesOf, summarise, summariseRows, summaryLine } from "./summary";

const MINUTE = 60_000;
const SETTLE = 150;
/** So many rows are shown without a scroll bar of their own where somebody asks for all. */
const MOST_AT_ONCE = 100;
const MOST_ROWS = 500;

/** The backup wall: a row for each guest or job, the last days of each at a glance, the worst first. */
export class BackupWall extends HassElement {
  static override styles = [look, stripLook, wallStyles];

  static override properties = {
    preview: { type: Boolean },
    bare: { type: Boolean },
    config: { state: true },
    width: { state: true },
    scrolled: { state: true },
    now: { state: true },
    whole: { state: true },
    settled: { state: true },
  };

  preview = false;
  /** Set where the wall stands inside something that has a frame of its own. */
  bare = false;
  private config?: WallConfig;
  private width = 0;
  private scrolled = 0;
  private now = Date.now() / 1000;
  private whole = false;
  /** Set a moment after the first rows are drawn; what nobody sees at once comes then. */
  private settled = false;

  private fetched?: typeof import("./notices");
  private stale = true;
  private arranged?: Arranged;
  private readonly wall = new WallController(this, () => {
    this.stale = true;
  });
  private sizes?: Sizes;
  private sparkline?: RowView["sparkline"];
  private readonly chooser = new Chooser(
    this,
    () => ({ config: this.config, servers: this.wall.state.servers.length }),
    (fromTop = true) => {
      this.stale = true;
      if (fromTop) this.toTop();
      this.requestUpdate();
    },
  );
  private readonly tip = new DayTip(this, {
    rowOf: (target) => this.lineOf(target)?.row,
    look: () => ({ hass: this.hass, end: this.wall.state.end, sizes: this.sizes }),
  });
  private readonly cursor = new Cursor(
    this,
    () => ({ lines: this.lines, offsets: this.arranged?.offsets, days: this.days, page: this.rowsShown() }),
    this.tip,
    (top) => {
      this.scrolled = top;
    },
  );
  private observer?: ResizeObserver;
  private clock?: ReturnType<typeof setInterval>;
  private settling?: number;

  /** All settings as they are without any, so that the editor shows them. */
  static getStubConfig = () => ({
    group: "guest",
    sort: "worst",
    days: DEFAULT_DAYS,
    max_rows: DEFAULT_ROWS,
    show: [...COLUMNS],
  });
  static getConfigForm = () => import("../editor/forms").then(({ wallForm }) => wallForm());

  setConfig(config: WallConfig): void {
    checkConfig(config, pageWords());
    this.config = config;
    this.stale = true;
  }

  getCardSize = (): number => 3 + Math.round((this.rowsShown() * 40) / 50);

  getGridOptions = () => ({ columns: "full", rows: "auto", min_columns: 6, min_rows: 3 });

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer = new ResizeObserver(([entry]) => {
      const width = Math.round(entry?.contentRect.width ?? 0);
      if (width) this.width = width;
      this.toggleAttribute("rtl", isRightToLeft(this));
    });
    this.observer.observe(this);
    this.clock = setInterval(() => {
      this.now = Date.now() / 1000;
    }, MINUTE);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer?.disconnect();
    clearInterval(this.clock);
  }

  protected override updated(): void {
    // From the first frame on: a slow device is not done any earlier.
    if (this.lines.length)
      this.settling ??= requestAnimationFrame(() => setTimeout(() => (this.settled = true), SETTLE));
  }

  /** Fetches what is needed later: after an update of the integration this page's version of it is gone. */
  protected override firstUpdated(): void {
    setTimeout(() => Promise.allSettled([loadDetails(), import("./notices")]), 1_000);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.hass || !this.config) return;
    const { server, group = "guest", days = DEFAULT_DAYS } = this.config;
    this.wall.watch(this.hass, { group, days, ...(server ? { entryId: server } : {}) });
    // Nothing is drawn for a width that the wall does not have; later the observer tells of it.
    this.width ||= this.clientWidth;
    const changes = ["config", "width"];
    if (this.stale || changes.some((name) => changed.has(name))) this.arrange();
  }

  private arrange(): void {
    if (!this.config) return;
    this.stale = false;
    this.arranged = arrange(this.wall.state.rows, this.config, this.chooser.choice, this.width || 800, this.days);
  }

  private get lines(): readonly Line[] {
    return this.arranged?.lines ?? [];
  }

  private get days(): number {
    return this.wall.state.days || (this.config?.days ?? DEFAULT_DAYS);
  }

  private rowsShown(): number {
    const most = this.preview ? PREVIEW_ROWS : (this.config?.max_rows ?? DEFAULT_ROWS);
    const all = this.lines.length;
    return this.whole && !this.preview ? all : Math.min(all || most, most);
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const { phase, rows, servers } = this.wall.state;
    const starting = phase === "ready" && !rows.length && servers.some((server) => server.state === "starting");
    const busy = phase === "loading" || starting;
    const words = wordsOf(this.hass);
    const content = html`<div class="head">
        <div class="title-line">
          <h2>${this.config.title ?? words.say("title")}</h2>
          ${phase === "ready" && rows.length ? this.renderSummary() : nothing}
        </div>
        ${rows.length ? this.chooser.tools(this.arranged ?? {}, words, this.preview) : nothing}
      </div>
      ${rows.length ? this.chooser.panel(words) : nothing}
      ${this.exceptions?.notices(this.wall.state, words, formatOf(this.hass), this.wall.retry)}
      ${busy ? skeleton(words, this.preview ? PREVIEW_ROWS : 6) : this.renderBody()}`;
    return this.bare ? html`<div class="bare" aria-busy=${busy}>${content}</div>` : card(content, busy);
  }

  /** What is drawn where not all is as it should be, fetched when that is so. */
  private get exceptions(): typeof import("./notices") | undefined {
    const { phase, rows, servers, connected, outdated } = this.wall.state;
    const usual = connected && !outdated && servers.length && servers.every((server) => server.state === "ok");
    if (phase === "loading" || (phase === "ready" && usual && rows.length && this.lines.length)) return undefined;
    if (!this.fetched) {
      import("./notices").then((fetched) => {
        this.fetched = fetched;
        this.requestUpdate();
      });
    }
    return this.fetched;
  }

  private renderSummary() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const { filter, group = "guest" } = this.config;
    const whole =
      group === "guest" && !Object.values(filter ?? {}).some((value) => (Array.isArray(value) ? value.length : value));
    return summaryLine(
      whole
        ? summarise(this.wall.state.servers, this.wall.state.rows, words)
        : summariseRows(this.arranged?.listed ?? [], words),
    );
  }

  private renderBody() {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const instead = this.exceptions?.instead(this.wall.state, this.config?.group ?? "guest", words, this.wall.retry);
    if (instead) return instead;
    if (!this.lines.length)
      return this.exceptions?.noMatch(
        words,
        this.chooser.status || this.chooser.query ? this.chooser.reset : undefined,
      );
    return html`${this.renderList()}
      ${this.renderFoot()}
      <div class="sr" aria-live="polite">${this.cursor.sentence()}</div>
      ${this.tip.render()}`;
  }

  /** Tells of the rows that are below the edge. */
  private renderFoot() {
    const lines = this.rowsShown();
    if (!this.hass || lines >= this.lines.length || this.preview) return nothing;
    const rowsOf = (some: readonly Line[]) => new Set(some.flatMap((line) => line.row?.id ?? [])).size;
    const [shown, all] = [rowsOf(this.lines.slice(0, lines)), this.arranged?.rows ?? 0];
    const words = wordsOf(this.hass);
    const showAll = () => {
      if (all <= MOST_AT_ONCE) this.whole = true;
      else openWall(this, { ...this.config, type: "", max_rows: MOST_ROWS });
    };
    return html`<div class="foot">
      <span>${words.say("rows_shown", { shown, all })}</span>
      ${this.bare ? nothing : html`<button class="link" @click=${showAll}>${words.say("show_all")}</button>`}
    </div>`;
  }

  private renderList() {
    const { hass, arranged } = this;
    if (!hass || !arranged) return nothing;
    const { columns, offsets, lines } = arranged;
    const words = wordsOf(hass);
    const format = formatOf(hass);
    const { end } = this.wall.state;
    const group = this.config?.group ?? "guest";
    const height = offsets.top(this.rowsShown());
    const [first, last] = offsets.between(this.scrolled, height, this.settled ? 3 : 0);
    const visible = lines.slice(first, last);
    if (this.settled) this.wantSizes(visible.flatMap((line) => line.row ?? []));
    const tabbable = visible.some((line) => line.key === this.cursor.key) ? this.cursor.key : lines[first]?.key;
    const draw = this.lineDrawer(arranged);
    return html`${columns.narrow ? narrowAxis(columns, end, this.days, words, format) : columnHeads(columns, this.chooser.sorting, group, end, this.days, words, format)}
      <div
        class="scroll"
        role="list"
        aria-label=${words.say(`list_${group}s`)}
        style="height:${height}px"
        ?data-more=${height < offsets.top(lines.length)}
        @scroll=${this.onScroll}
        @keydown=${this.cursor.onKey}
        @focusout=${this.tip.hide}
        @pointermove=${this.tip.onMove}
        @pointerleave=${this.tip.onLeave}
        @pointerdown=${this.tip.onDown}
        @pointerup=${this.tip.onUp}
        @pointercancel=${this.tip.onUp}
        @contextmenu=${this.tip.onMenu}
      >
        <div class="inner" role="presentation" style="height:${offsets.top(lines.length)}px">
          ${repeat(
            visible,
            (line) => line.key,
            (line, n) => {
              const index = first + n;
              const top = offsets.top(index);
              return html`<div
                role="listitem"
                aria-setsize=${lines.length}
                aria-posinset=${index + 1}
                style="top:${top}px;height:${offsets.top(index + 1) - top}px"
              >${draw(line, line.key === tabbable ? 0 : -1)}</div>`;
            },
          )}
        </div>
      </div>`;
  }

  /** Returns what draws a line of the list: a row, or the head of a group. */
  private lineDrawer({ columns }: Arranged) {
    const hass = this.hass as Hass;
    const words = wordsOf(hass);
    const format = formatOf(hass);
    const { servers } = this.wall.state;
    const old = new Set(servers.filter(isLost).map((server) => server.id));
    const names = namesOf(servers);
    return (line: Line, tabindex: number) => {
      const focus = () => this.cursor.take(line.key);
      const { row } = line;
      if (!row)
        return groupHead(line, this.chooser.groupBy, names, words, {
          tabindex,
          focus,
          toggle: () => this.chooser.fold(line.group),
        });
      const state = `${old.has(row.entryId) ? " old" : ""}${row.deleted ? " deleted" : row.acknowledged ? " known" : ""}`;
      return html`<button
        class="row ${columns.narrow ? "narrow" : "grid"}${state}"
        data-id=${row.id}
        data-key=${line.key}
        tabindex=${tabindex}
        style=${columns.narrow ? "" : `grid-template-columns:${columns.template}`}
        @focus=${focus}
        @click=${(event: MouseEvent) => this.open(row, event)}
      >${rowContent(row, {
        layout: columns,
        words,
        format,
        now: this.now,
        server: names.get(row.entryId),
        sizes: this.sizes?.of(row),
        sparkline: this.sparkline,
        day: line.key === this.cursor.key ? this.cursor.day : -1,
      })}</button>`;
    };
  }

  private wantSizes(rows: Row[]): void {
    if (this.hass && this.sizes) this.sizes.want(this.hass.connection, rows, this.days);
    else if (this.arranged?.columns.spark) this.fetchSizeColumn();
  }

  private async fetchSizeColumn(): Promise<void> {
    const { Sizes, sparkline } = await import("./size-column");
    this.sizes ??= new Sizes(() => this.requestUpdate());
    this.sparkline = sparkline;
    this.requestUpdate();
  }

  private lineOf(target: Element): Line | undefined {
    const key = target.closest<HTMLElement>("[data-key]")?.dataset.key;
    return this.lines.find((line) => line.key === key);
  }

  private toTop(): void {
    this.scrolled = 0;
    const list = this.renderRoot.querySelector(".scroll");
    if (list) list.scrollTop = 0;
  }

  private onScroll = (event: Event): void => {
    const { scrollTop } = event.target as HTMLElement;
    // Only a change of the rows in view needs drawing.
    const offsets = this.arranged?.offsets;
    if (offsets?.at(scrollTop) !== offsets?.at(this.scrolled)) this.scrolled = scrollTop;
    this.tip.hide();
  };

  private open(row: Row, event: MouseEvent): void {
    if (this.tip.endsHold()) return;
    this.tip.hide();
    // A finger is too wide to mean one day of many, and a day on which nothing happened has nothing to show.
    const pointed = (event as PointerEvent).pointerType === "mouse" ? (this.tip.under(event)?.cell ?? -1) : -1;
    const cell = event.detail ? (HAPPENED.includes(row.cells[pointed] ?? "-") ? pointed : -1) : this.cursor.day;
    const day = cell < 0 ? undefined : dayOfCell(this.wall.state.end, row.cells.length, cell);
    openDetails(this, { id: row.id, name: row.name, ...(day ? { day } : {}) });
  }
}
