import { css, html, nothing } from "lit";
import { fetchStorages } from "../data/commands";
import type { Server, Storage } from "../data/contract";
import { Polled } from "../data/polled";
import { formatOf } from "../format";
import { showMoreInfo } from "../ha/actions";
import { alert, card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import { wordsOf } from "../i18n/words";
import { lookOf, rankOf } from "../model/status";
import { look, mark } from "../styles/look";
import { emptyText, namesOf } from "../wall/summary";
import { orphanList } from "./orphans";

/** How full the backup storages are, and when they will be full. */
export class StoragesCard extends HassElement {
  static override styles = [
    look,
    css`
      :host { display: block; height: 100%; }
      ha-card { height: 100%; padding: 6px 0; box-sizing: border-box; }
      h2 { margin: 0; padding: 8px 16px 4px; font-size: var(--ha-font-size-l, 16px); font-weight: 500; }
      button { all: unset; box-sizing: border-box; width: 100%; display: grid; grid-template-columns: 12px minmax(0, 1fr) auto; gap: 3px 12px; align-items: center; padding: 9px 16px; cursor: pointer; }
      button:hover { background: var(--pbc-soft); }
      button:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; }
      b { font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      b small { font-weight: 400; font-size: 12px; color: var(--pbc-text2); }
      .free { font-size: 13px; }
      .bar { grid-column: 2 / -1; height: 6px; border-radius: 3px; background: var(--pbc-soft); overflow: hidden; }
      .bar i { display: block; height: 100%; border-radius: 3px; background: var(--tone); }
      .bar .muted { background: color-mix(in srgb, var(--pbc-text2) 60%, transparent); }
      .note { grid-column: 2 / -1; display: flex; justify-content: space-between; gap: 12px; font-size: 12px; color: var(--pbc-text2); }
      .orphans { border-top: 1px solid var(--divider-color, rgba(127, 127, 127, 0.25)); margin-top: 6px; padding: 6px 16px 8px 40px; font-size: 13px; }
      .orphans summary { cursor: pointer; padding: 4px 0; color: var(--pbc-text2); }
      .orphans h3 { display: flex; justify-content: space-between; gap: 12px; margin: 8px 0 0; font-size: 13px; font-weight: 500; }
      .orphans h3 small { font-weight: 400; color: var(--pbc-text2); }
      .orphans ul { list-style: none; margin: 0; padding: 0; }
      .orphans li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 12px; padding: 5px 0; }
      .orphans li > small, .orphans p { grid-column: 1 / -1; font-size: 12px; color: var(--pbc-text2); }
      .orphans p { margin: 6px 0 0; }
      .none { margin: 0; padding: 14px 16px; color: var(--pbc-text2); }
    `,
  ];

  static override properties = { config: { attribute: false } };

  config?: CardConfig;
  private readonly found = new Polled(this, fetchStorages);

  protected override willUpdate(): void {
    if (this.hass && this.config) this.found.watch(this.hass, this.config.server);
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const { answer, error } = this.found;
    const retry = html`<button @click=${this.found.load}>${words.say("again")}</button>`;
    const title = this.config.title ? html`<h2>${this.config.title}</h2>` : nothing;
    const body = answer
      ? answer.storages.length
        ? html`${sorted(answer.storages).map((storage) => this.renderStorage(storage, answer.servers))}
          ${orphanList(answer.orphans ?? [], answer.servers, words, formatOf(this.hass))}`
        : html`<p class="none">${words.say(emptyText(answer.servers, "no_storages"))}</p>`
      : error
        ? alert("error", words.say("error_load", { error }), retry)
        : html`<p class="none">${words.say("loading")}</p>`;
    return card(html`${title}${body}`, !answer && !error);
  }

  private renderStorage(storage: Storage, servers: Server[]) {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const format = formatOf(this.hass);
    const { used, total, free, full_on: fullOn, entity_id: entity } = storage;
    const server = namesOf(servers).get(storage.entry_id);
    const known = used !== null && total;
    const full = fullOn ? words.say("full_on", { when: format.relative(fullOn, undefined, "long") }) : "";
    const tone = storage.problem ? lookOf(storage.status).tone : "muted";
    return html`<button @click=${() => entity && showMoreInfo(this, entity)} title=${fullOn ? words.say("full_on_date", { date: format.moment(fullOn) }) : ""}>
      ${mark(storage.status)}<b>${storage.name}${server ? html` <small>${server}</small>` : nothing}${storage.behind ? html` <small>→ ${storage.behind}</small>` : nothing}</b>
      <span class="free num">${known ? words.say("free_of", { free: format.size(free), total: format.size(total) }) : words.say("status_unknown")}</span>
      <span class="bar" aria-hidden="true">${known ? html`<i class=${tone} style="width:${Math.min(100, 100 * share(storage))}%"></i>` : nothing}</span>
      <span class="note"
        ><span>${storage.status === "ok" && known ? words.say("used", { percent: format.number(100 * share(storage)) }) : storage.reason}</span
        ><span>${full}</span></span
      >
    </button>`;
  }
}

/** Sorts the worst first, and the fullest of those that are alike. */
const sorted = (storages: Storage[]): Storage[] =>
  [...storages].sort(
    (a, b) => rankOf(a.status) - rankOf(b.status) || share(b) - share(a) || (a.name < b.name ? -1 : 1),
  );

const share = ({ used, total }: Storage): number => (total ? (used ?? 0) / total : 0);
