import { css, html, nothing } from "lit";
import { fetchActivity } from "../data/commands";
import type { Happened } from "../data/contract";
import { Polled } from "../data/polled";
import { WallController } from "../data/wall-controller";
import { openDetails } from "../details/open";
import { formatOf } from "../format";
import { alert, card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import { wordsOf } from "../i18n/words";
import { look, mark } from "../styles/look";
import { emptyText, namesOf } from "../wall/summary";

const ROWS = 6;
const DAYS = 30;

/** What has run lately, and how it went. */
export class ActivityCard extends HassElement {
  static override styles = [
    look,
    css`
      :host { display: block; height: 100%; }
      ha-card { height: 100%; padding: 6px 0; box-sizing: border-box; }
      h2 { margin: 0; padding: 8px 16px 4px; font-size: var(--ha-font-size-l, 16px); font-weight: 500; }
      button.run { all: unset; box-sizing: border-box; width: 100%; display: grid; grid-template-columns: 12px minmax(0, 1fr) auto; gap: 0 12px; align-items: baseline; padding: 7px 16px; cursor: pointer; }
      button.run[disabled] { cursor: default; }
      button.run:not([disabled]):hover { background: var(--pbc-soft); }
      button.run:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; }
      .what { display: flex; flex-direction: column; min-width: 0; line-height: 1.35; }
      b { font-weight: 500; overflow-wrap: anywhere; }
      small { font-size: 12px; color: var(--pbc-text2); overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
      .when { font-size: 12px; color: var(--pbc-text2); white-space: nowrap; }
      .none { margin: 0; padding: 14px 16px; color: var(--pbc-text2); }
    `,
  ];

  static override properties = { config: { attribute: false } };

  config?: CardConfig;
  private readonly runs = new Polled(this, fetchActivity);
  // A poll that changes the wall has news of runs.
  private readonly wall = new WallController(this, () => this.runs.load());

  protected override willUpdate(): void {
    if (!this.hass || !this.config) return;
    const { server } = this.config;
    this.wall.watch(this.hass, { group: "job", days: DAYS, ...(server ? { entryId: server } : {}) });
    this.runs.watch(this.hass, server);
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const { answer, error } = this.runs;
    const retry = html`<button @click=${this.runs.load}>${words.say("again")}</button>`;
    const body = answer
      ? answer.activity.length
        ? answer.activity.slice(0, this.config.max_rows ?? ROWS).map((item) => this.renderRun(item))
        : html`<p class="none">${words.say(emptyText(this.wall.state.servers, "no_recent"))}</p>`
      : error
        ? alert("error", words.say("error_load", { error }), retry)
        : html`<p class="none">${words.say("loading")}</p>`;
    const title = this.config.title ? html`<h2>${this.config.title}</h2>` : nothing;
    return card(html`${title}${body}`, !answer && !error);
  }

  private renderRun(item: Happened) {
    if (!this.hass) return nothing;
    const format = formatOf(this.hass);
    const row = this.wall.state.rows.find((candidate) => candidate.id === item.row);
    const server = namesOf(this.wall.state.servers).get(item.entry_id);
    const open = () => row && openDetails(this, { id: row.id, name: row.name, ...(item.day ? { day: item.day } : {}) });
    const when = item.day ? format.day(item.day) : format.weekdayMoment(item.at);
    return html`<button class="run" ?disabled=${!row} @click=${open}>
      ${mark(item.status)}<span class="what"><b>${item.title}</b><small>${[server, ...item.details].filter(Boolean).join(" · ")}</small></span>
      <span class="when num">${when}</span>
    </button>`;
  }
}
