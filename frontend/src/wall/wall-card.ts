import { html, nothing, type PropertyValues } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Status } from "../data/contract";
import type { Row } from "../data/row";
import type { Sizes } from "../data/sizes";
import { WallController } from "../data/wall-controller";
import { loadDetails, openDetails } from "../details/open";
import { formatOf } from "../format";
import { card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import { pageWords } from "../ha/page-words";
import { wordsOf } from "../i18n/words";
import { dayOfCell } from "../model/days";
import { countStatuses, filterRows, searchRows } from "../model/filter";
import { sortRows } from "../model/sort";
import { showsReason } from "../model/status";
import { look } from "../styles/look";
import { stripLook } from "../styles/strip-look";
import { COLUMNS, type Layout, layout, reasonLines, rowHeight } from "./columns";
import { checkConfig, DEFAULT_DAYS, DEFAULT_ROWS, PREVIEW_ROWS, shownColumns, type WallConfig } from "./config";
import { chips, columnHeads, search } from "./head";
import { move } from "./keys";
import { openWall } from "./open-wall";
import { daySentence, type RowView, rowContent } from "./row";
import { skeleton } from "./skeleton";
import { cellUnder, isRightToLeft } from "./strip";
import { wallStyles } from "./styles";
import { isLost, namesOf, summarise, summariseRows, summaryLine } from "./summary";
import { Offsets } from "./window";

const SEARCHED_FROM = 10;
const MINUTE = 60_000;
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
    status: { state: true },
    query: { state: true },
    current: { state: true },
    day: { state: true },
    now: { state: true },
    tip: { state: true },
    whole: { state: true },
  };

  preview = false;
  /** Set where the wall stands inside something that has a frame of its own. */
  bare = false;
  private config?: WallConfig;
  private width = 0;
  private scrolled = 0;
  private status?: Status;
  private query = "";
  private current?: string;
  private day = -1;
  private now = Date.now() / 1000;
  private whole = false;
  private tip?: { text: string; x: number; y: number };

  private fetched?: typeof import("./notices");
  private stale = true;
  private listed: Row[] = [];
  private shown: Row[] = [];
  private offsets = new Offsets([]);
  private columns?: Layout;
  private readonly wall = new WallController(this, () => {
    this.stale = true;
  });
  private sizes?: Sizes;
  private sparkline?: RowView["sparkline"];
  private observer?: ResizeObserver;
  private clock?: ReturnType<typeof setInterval>;

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

  /** Fetches what is needed later: after an update of the integration this page's version of it is gone. */
  protected override firstUpdated(): void {
    setTimeout(() => Promise.allSettled([loadDetails(), import("./notices")]), 1_000);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.hass || !this.config) return;
    const { server, group = "guest", days = DEFAULT_DAYS } = this.config;
    this.wall.watch(this.hass, { group, days, ...(server ? { entryId: server } : {}) });
    if (this.stale || ["config", "width", "status", "query"].some((name) => changed.has(name))) this.arrange();
  }

  /** Works out which rows there are, in which order and how high. */
  private arrange(): void {
    const { filter, hide_deleted, sort = "worst" } = this.config ?? {};
    this.stale = false;
    this.listed = filterRows(this.wall.state.rows, filter, hide_deleted);
    const searched = searchRows(this.listed, this.query);
    const chosen = this.status ? searched.filter((row) => row.status === this.status) : searched;
    this.shown = sortRows(chosen, sort);
    this.columns = layout(this.width || 800, this.days, shownColumns(this.config as WallConfig));
    const columns = this.columns;
    const lines = (row: Row) =>
      row.progress ? 1 : reasonLines(columns, this.width || 800, showsReason(row) ? row.reason : "");
    this.offsets = new Offsets(this.shown.map((row) => rowHeight(columns, lines(row))));
  }

  private get days(): number {
    return this.wall.state.days || (this.config?.days ?? DEFAULT_DAYS);
  }

  private rowsShown(): number {
    const most = this.preview ? PREVIEW_ROWS : (this.config?.max_rows ?? DEFAULT_ROWS);
    return this.whole && !this.preview ? this.shown.length : Math.min(this.shown.length || most, most);
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
        ${rows.length ? this.renderTools() : nothing}
      </div>
      ${this.exceptions?.notices(this.wall.state, words, formatOf(this.hass), this.wall.retry)}
      ${busy ? skeleton(words, this.preview ? PREVIEW_ROWS : 6) : this.renderBody()}`;
    return this.bare ? html`<div class="bare" aria-busy=${busy}>${content}</div>` : card(content, busy);
  }

  /** What is drawn where not all is as it should be, fetched when that is so. */
  private get exceptions(): typeof import("./notices") | undefined {
    const { phase, rows, servers, connected, outdated } = this.wall.state;
    const usual = connected && !outdated && servers.length && servers.every((server) => server.state === "ok");
    if (phase === "loading" || (phase === "ready" && usual && rows.length && this.shown.length)) return undefined;
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
      whole ? summarise(this.wall.state.servers, this.wall.state.rows, words) : summariseRows(this.listed, words),
    );
  }

  private renderTools() {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const counts = countStatuses(this.listed);
    return html`<div class="tools">
      ${chips(counts, this.status, words, (status) => {
        this.status = this.status === status ? undefined : status;
        this.toTop();
      })}
      ${
        this.listed.length >= SEARCHED_FROM && !this.preview
          ? search(this.query, words, (query) => {
              this.query = query;
              this.toTop();
            })
          : nothing
      }
    </div>`;
  }

  private renderBody() {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const instead = this.exceptions?.instead(this.wall.state, this.config?.group ?? "guest", words, this.wall.retry);
    if (instead) return instead;
    if (!this.shown.length) return this.exceptions?.noMatch(words, this.status || this.query ? this.reset : undefined);
    return html`${this.renderList()}
      ${this.renderFoot()}
      <div class="sr" aria-live="polite">${this.sentence()}</div>
      ${this.tip ? html`<div class="tip" aria-hidden="true" style="left:${this.tip.x}px;top:${this.tip.y}px">${this.tip.text}</div>` : nothing}`;
  }

  /** Tells of the rows that are below the edge. */
  private renderFoot() {
    const [shown, all] = [this.rowsShown(), this.shown.length];
    if (!this.hass || shown >= all || this.preview) return nothing;
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

  private reset = (): void => {
    this.status = undefined;
    this.query = "";
  };

  private renderList() {
    const columns = this.columns;
    if (!this.hass || !columns) return nothing;
    const words = wordsOf(this.hass);
    const format = formatOf(this.hass);
    const { end, servers } = this.wall.state;
    const group = this.config?.group ?? "guest";
    const height = this.offsets.top(this.rowsShown());
    const [first, last] = this.offsets.between(this.scrolled, height);
    const visible = this.shown.slice(first, last);
    this.wantSizes(visible);
    const old = new Set(servers.filter(isLost).map((server) => server.id));
    const names = namesOf(servers);
    const tabbable = visible.some((row) => row.id === this.current) ? this.current : this.shown[first]?.id;
    return html`${columns.narrow ? nothing : columnHeads(columns, group, end, this.days, words, format)}
      <div
        class="scroll"
        role="list"
        aria-label=${words.say(`list_${group}s`)}
        style="height:${height}px"
        ?data-more=${height < this.offsets.top(this.shown.length)}
        @scroll=${this.onScroll}
        @keydown=${this.onKey}
        @pointermove=${this.onPointer}
        @pointerleave=${this.hideTip}
      >
        <div class="inner" role="presentation" style="height:${this.offsets.top(this.shown.length)}px">
          ${repeat(
            visible,
            (row) => row.id,
            (row, n) => {
              const index = first + n;
              const top = this.offsets.top(index);
              const classes = `${columns.narrow ? "narrow" : "grid"}${old.has(row.entryId) ? " old" : ""}${row.deleted ? " deleted" : row.acknowledged ? " known" : ""}`;
              return html`<div
                role="listitem"
                aria-setsize=${this.shown.length}
                aria-posinset=${index + 1}
                style="top:${top}px;height:${this.offsets.top(index + 1) - top}px"
              ><button
                class="row ${classes}"
                data-id=${row.id}
                tabindex=${row.id === tabbable ? 0 : -1}
                style=${columns.narrow ? "" : `grid-template-columns:${columns.template}`}
                @focus=${() => {
                  this.current = row.id;
                }}
                @click=${(event: MouseEvent) => this.open(row, event)}
              >${rowContent(row, {
                layout: columns,
                words,
                format,
                now: this.now,
                server: names.get(row.entryId),
                sizes: this.sizes?.of(row),
                sparkline: this.sparkline,
                day: row.id === this.current ? this.day : -1,
              })}</button></div>`;
            },
          )}
        </div>
      </div>`;
  }

  private wantSizes(rows: Row[]): void {
    if (this.hass && this.sizes) this.sizes.want(this.hass.connection, rows, this.days);
    else if (this.columns?.spark) this.fetchSizeColumn();
  }

  private async fetchSizeColumn(): Promise<void> {
    const { Sizes, sparkline } = await import("./size-column");
    this.sizes ??= new Sizes(() => this.requestUpdate());
    this.sparkline = sparkline;
    this.requestUpdate();
  }

  private sentence(): string {
    const row = this.shown.find((candidate) => candidate.id === this.current);
    if (!row || this.day < 0 || !this.hass) return "";
    return this.sentenceFor(row, this.day);
  }

  private sentenceFor(row: Row, cell: number): string {
    if (!this.hass) return "";
    const day = dayOfCell(this.wall.state.end, row.cells.length, cell);
    return daySentence(row, day, cell, this.sizes?.of(row), wordsOf(this.hass), formatOf(this.hass));
  }

  private toTop(): void {
    this.scrolled = 0;
    const list = this.renderRoot.querySelector(".scroll");
    if (list) list.scrollTop = 0;
  }

  private onScroll = (event: Event): void => {
    const { scrollTop } = event.target as HTMLElement;
    // Only a change of the rows in view needs drawing.
    if (this.offsets.at(scrollTop) !== this.offsets.at(this.scrolled)) this.scrolled = scrollTop;
    this.tip = undefined;
  };

  private onKey = async (event: KeyboardEvent): Promise<void> => {
    const at = {
      row: Math.max(
        0,
        this.shown.findIndex((row) => row.id === this.current),
      ),
      day: this.day,
    };
    const to = move(event.key, at, { rows: this.shown.length, days: this.days, page: this.rowsShown() });
    if (!to || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.day = to.day;
    this.current = this.shown[to.row]?.id;
    const list = this.renderRoot.querySelector(".scroll");
    if (!list || to.row === at.row) return;
    const [top, bottom] = [this.offsets.top(to.row), this.offsets.top(to.row + 1)];
    if (top < list.scrollTop) list.scrollTop = top;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
    this.scrolled = list.scrollTop;
    await this.updateComplete;
    this.renderRoot
      .querySelector<HTMLElement>(`[data-id="${CSS.escape(this.current ?? "")}"]`)
      ?.focus({ preventScroll: true });
  };

  /** Returns the row and the cell of it that the pointer is on. */
  private under(event: MouseEvent): { row: Row; cell: number; box: DOMRect } | undefined {
    const target = event.target as Element;
    const strip = target.closest(".strip");
    const id = target.closest<HTMLElement>("[data-id]")?.dataset.id;
    const row = this.shown.find((candidate) => candidate.id === id);
    if (!strip || !row) return undefined;
    const box = strip.getBoundingClientRect();
    return { row, cell: cellUnder(event, strip, row.cells.length), box };
  }

  private onPointer = (event: PointerEvent): void => {
    const under = event.pointerType === "mouse" ? this.under(event) : undefined;
    if (!under) {
      this.hideTip();
      return;
    }
    const text = this.sentenceFor(under.row, under.cell);
    if (this.tip?.text === text && this.tip.y === under.box.top) return;
    const own = this.getBoundingClientRect();
    this.tip = {
      text,
      x: Math.max(90, Math.min(own.width - 90, event.clientX - own.left)),
      y: under.box.top - own.top,
    };
  };

  private hideTip = (): void => {
    if (this.tip) this.tip = undefined;
  };

  private open(row: Row, event: MouseEvent): void {
    // A finger is too wide to mean one day of many, and a day on which nothing happened has nothing to show.
    const pointed = (event as PointerEvent).pointerType === "mouse" ? (this.under(event)?.cell ?? -1) : -1;
    const cell = event.detail ? ("owfmr".includes(row.cells[pointed] ?? "-") ? pointed : -1) : this.day;
    const day = cell < 0 ? undefined : dayOfCell(this.wall.state.end, row.cells.length, cell);
    openDetails(this, { id: row.id, name: row.name, ...(day ? { day } : {}) });
  }
}
