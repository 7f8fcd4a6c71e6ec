import { css, html, nothing } from "lit";
import { fetchNights } from "../data/commands";
import type { Night } from "../data/details-contract";
import { WallController } from "../data/wall-controller";
import { openDetails } from "../details/open";
import { formatOf } from "../format";
import { card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import { wordsOf } from "../i18n/words";
import { progressText } from "../model/progress";
import { look, mark } from "../styles/look";
import { emptyText, namesOf } from "../wall/summary";
import { nightPanel, nightStyles } from "./night";

const DAYS = 30;
const ROWS = 8;
const NIGHT_AGAIN = 5 * 60_000;

/** The jobs that run next. */
export class NextRunsCard extends HassElement {
  static override styles = [
    look,
    nightStyles,
    css`
      :host { display: block; height: 100%; }
      ha-card { height: 100%; padding: 6px 0; box-sizing: border-box; }
      h2 { margin: 0; padding: 8px 16px 4px; font-size: var(--ha-font-size-l, 16px); font-weight: 500; }
      button { all: unset; box-sizing: border-box; width: 100%; display: grid; grid-template-columns: 12px minmax(0, 1fr) auto; gap: 0 12px; align-items: center; padding: 7px 16px; cursor: pointer; }
      button:hover { background: var(--pbc-soft); }
      button:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; }
      .name { display: flex; flex-direction: column; min-width: 0; line-height: 1.3; }
      small { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      b { font-weight: 500; overflow-wrap: anywhere; }
      small { font-size: 12px; color: var(--pbc-text2); }
      .when { text-align: end; display: flex; flex-direction: column; line-height: 1.3; }
      .none { margin: 0; padding: 14px 16px; color: var(--pbc-text2); }
    `,
  ];

  static override properties = {
    config: { attribute: false },
    nights: { state: true },
  };

  config?: CardConfig;
  private readonly wall = new WallController(this);
  private nights: Night[] = [];
  private asked = 0;
  private clock?: ReturnType<typeof setInterval>;

  override connectedCallback(): void {
    super.connectedCallback();
    this.clock = setInterval(() => this.requestUpdate(), 60_000);
  }

  /** The night is a forecast that changes with what ran: it is asked for now and again. */
  private async askForNights(): Promise<void> {
    if (!this.hass || !this.config || Date.now() - this.asked < NIGHT_AGAIN) return;
    this.asked = Date.now();
    try {
      this.nights = (await fetchNights(this.hass, this.config.server)).nights ?? [];
    } catch {
      // An integration that is older than this page knows no night.
      this.nights = [];
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.clock);
  }

  protected override willUpdate(): void {
    if (!this.hass || !this.config) return;
    const { server } = this.config;
    if ((this.config.group ?? "job") === "job") this.askForNights();
    this.wall.watch(this.hass, {
      group: this.config.group ?? "job",
      days: DAYS,
      ...(server ? { entryId: server } : {}),
    });
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const format = formatOf(this.hass);
    const { phase, rows, servers } = this.wall.state;
    const names = namesOf(servers);
    const due = rows
      .filter((row) => row.nextDue !== null || row.status === "running")
      .sort(
        (a, b) =>
          Number(b.status === "running") - Number(a.status === "running") || (a.nextDue ?? 0) - (b.nextDue ?? 0),
      )
      .slice(0, this.config.max_rows ?? ROWS);
    const empty =
      phase === "loading"
        ? words.say("loading")
        : phase === "not_loaded"
          ? words.say("not_loaded")
          : words.say(emptyText(servers, "no_next_runs"));
    return card(
      html`${this.config.title ? html`<h2>${this.config.title}</h2>` : nothing}
        ${this.nights.map((night) => nightPanel(night, words, format))}
        ${due.length ? nothing : html`<p class="none">${empty}</p>`}
        ${due.map(
          (row) => html`<button @click=${() => openDetails(this, { id: row.id, name: row.name })}>
            ${mark(row.status)}<span class="name"><b>${row.name}</b><small>${[row.where, names.get(row.entryId)].filter(Boolean).join(" · ")}</small></span>
            <span class="when num"
              ><span>${row.status === "running" ? words.say("status_running") : format.relative(row.nextDue)}</span
              ><small>${row.status === "running" ? progressText(row, words, format) : row.nextDue ? format.weekdayMoment(row.nextDue) : ""}</small></span
            >
          </button>`,
        )}`,
      phase === "loading",
    );
  }
}
