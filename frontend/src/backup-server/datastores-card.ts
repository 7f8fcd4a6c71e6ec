import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { fetchDatastores, messageOf } from "../data/commands";
import type { BackupServer, Datastore, LooseGroup } from "../data/contract";
import { WallController } from "../data/wall-controller";
import { type Format, formatOf } from "../format";
import { showMoreInfo } from "../ha/actions";
import { alert, card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import { type Words, wordsOf } from "../i18n/words";
import { lookOf } from "../model/status";
import { look, mark } from "../styles/look";
import { DEFAULT_DAYS } from "../wall/config";
import { datastoresStyles } from "./styles";

const AFTER_NEWS = 300;

/** How a backup server is, and each of its datastores: room, garbage collection, verification, and whose groups lie there. */
export class DatastoresCard extends HassElement {
  static override styles = [look, datastoresStyles];

  static override properties = {
    config: { attribute: false },
    servers: { state: true },
    error: { state: true },
  };

  config?: CardConfig;
  private servers?: BackupServer[];
  private error = "";
  private seen?: unknown;
  private waiting?: ReturnType<typeof setTimeout>;
  // A change on this wall means that the server was read.
  private readonly jobs = new WallController(this);

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.waiting);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.hass || !this.config) return;
    const { server } = this.config;
    this.jobs.watch(this.hass, { group: "pbsjob", days: DEFAULT_DAYS, ...(server ? { entryId: server } : {}) });
    const { state } = this.jobs;
    if (state === this.seen && !changed.has("config")) return;
    this.seen = state;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.load(), this.servers ? AFTER_NEWS : 0);
  }

  private async load(): Promise<void> {
    if (!this.hass || !this.config) return;
    try {
      this.servers = (await fetchDatastores(this.hass, this.config.server)).servers;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const format = formatOf(this.hass);
    const { servers } = this;
    const title = this.config.title ? html`<h2>${this.config.title}</h2>` : nothing;
    if (!servers) {
      if (!this.error) return card(html`${title}<p class="none">${words.say("loading")}</p>`, true);
      const retry = html`<button @click=${() => this.load()}>${words.say("again")}</button>`;
      return card(alert("error", words.say("error_load", { error: this.error }), retry));
    }
    if (!servers.length) return card(html`${title}<p class="none">${words.say("not_readable")}</p>`);
    return card(
      html`${title}${servers.map((server) => [this.renderServer(server, words), ...this.renderStores(server, words, format)])}`,
    );
  }

  private renderServer(server: BackupServer, words: Words): TemplateResult {
    const facts = [
      words.say(`status_${server.status}`),
      server.version ? `Proxmox Backup Server ${server.version}` : "",
      server.waiting ? words.count("still_read", server.waiting) : "",
    ];
    return html`<section class="server">
      ${mark(server.status)}
      <div>
        <h3>${server.name}</h3>
        <p class="facts">${facts.filter(Boolean).join(" · ")}</p>
        ${server.status === "ok" ? nothing : html`<p>${server.reason}</p>`}
        ${server.next_step && server.problem !== false ? html`<p class="step"><b>${words.say("next_step")}:</b> ${server.next_step}</p>` : nothing}
      </div>
    </section>`;
  }

  private renderStores(server: BackupServer, words: Words, format: Format): TemplateResult[] {
    if (!server.datastores.length) return [html`<p class="none">${words.say("no_datastores")}</p>`];
    return server.datastores.map((store) => this.renderStore(store, words, format));
  }

  private renderStore(store: Datastore, words: Words, format: Format): TemplateResult {
    const { used, total, free } = store;
    const known = used !== null && total;
    const share = known ? (100 * used) / total : 0;
    const tone = store.problem ? lookOf(store.status).tone : "muted";
    const when = (moment: number | null) => (moment ? format.relative(moment) : words.say("never"));
    const full = store.full_on ? format.relative(store.full_on, undefined, "long") : words.say("not_growing");
    const facts: [string, string | null][] = [
      [words.say("full"), known && !store.is_cache ? full : null],
      [words.say("filled"), when(store.filled)],
      [words.say("collected"), when(store.collected)],
      [words.say("verified_here"), store.bad ? words.count("bad_snapshots", store.bad) : when(store.verified)],
      [words.say("holds"), `${words.count("groups", store.groups)}, ${words.count("points", store.restore_points)}`],
    ];
    const says = store.status === "ok" ? store.findings : [store.reason, ...store.findings];
    const open = () => store.entity_id && showMoreInfo(this, store.entity_id);
    return html`<section class="store">
      <button class="head" @click=${open}>
        ${mark(store.status)}<b>${store.name}${store.comment ? html` <small>${store.comment}</small>` : nothing}</b>
        <span class="free num">${known ? words.say("free_of", { free: format.size(free), total: format.size(total) }) : words.say(`status_${store.status}`)}</span>
        <span class="bar" aria-hidden="true">${known ? html`<i class=${tone} style="width:${Math.min(100, share)}%"></i>` : nothing}</span>
        <span class="note">${known ? words.say(store.is_cache ? "used_cache" : "used", { percent: format.number(share) }) : nothing}</span>
      </button>
      ${says.map((sentence) => html`<p>${sentence}</p>`)}
      ${store.next_step && store.status !== "ok" ? html`<p class="step"><b>${words.say("next_step")}:</b> ${store.next_step}</p>` : nothing}
      <dl>${facts.map(([name, value]) => (value === null ? nothing : html`<div><dt>${name}</dt><dd class="num">${value}</dd></div>`))}</dl>
      ${store.loose_count ? this.renderLoose(store, words, format) : nothing}
    </section>`;
  }

  /** Groups of guests that no linked cluster has: of guests that are gone, and of somebody else. */
  private renderLoose(store: Datastore, words: Words, format: Format): TemplateResult {
    const gone = store.loose.filter((group) => group.orphaned).length;
    const text = [
      gone ? words.count("orphaned", gone) : "",
      store.loose_count > gone ? words.count("foreign", store.loose_count - gone) : "",
    ];
    const row = (group: LooseGroup) => html`<tr>
      <td>${group.ns ? `${group.ns}/` : ""}${group.group}${group.name ? html` <small>${group.name}</small>` : nothing}</td>
      <td>${words.say(group.orphaned ? "of_gone_guest" : "of_others")}</td>
      <td class="end num">${format.relative(group.last)}</td>
      <td class="end num">${group.count}</td>
      <td class="end num">${format.size(group.size)}</td>
    </tr>`;
    return html`<details>
      <summary>${text.filter(Boolean).join(" · ")}</summary>
      <div class="table"><table>
        <thead><tr>
          <th scope="col">${words.say("group")}</th>
          <th scope="col"><span class="sr">${words.say("whose")}</span></th>
          <th scope="col" class="end">${words.say("last")}</th>
          <th scope="col" class="end">${words.say("restore_points")}</th>
          <th scope="col" class="end">${words.say("size")}</th>
        </tr></thead>
        <tbody>${store.loose.map(row)}</tbody>
      </table></div>
    </details>`;
  }
}
