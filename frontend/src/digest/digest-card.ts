import { css, html, nothing } from "lit";
import { fetchDigest } from "../data/commands";
import type { Digest } from "../data/contract";
import { Polled } from "../data/polled";
import { WallController } from "../data/wall-controller";
import { alert, card, icon } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import { type Words, wordsOf } from "../i18n/words";
import { BAD, GOOD, glyph } from "../styles/glyphs";
import { look } from "../styles/look";

const DAYS = 30;

/** The last week of each cluster and backup server in a sentence, and its report as a file; what has problems comes first. */
export class DigestCard extends HassElement {
  static override styles = [
    look,
    css`
      :host { display: block; container-type: inline-size; }
      ha-card { padding: 4px 0; }
      h2 { margin: 0; padding: 10px 16px 4px; font-size: var(--ha-font-size-l, 16px); font-weight: 500; }
      ul { list-style: none; margin: 0; padding: 0; }
      li { display: grid; grid-template-columns: 24px minmax(0, 1fr) auto; gap: 4px 12px; align-items: center; padding: 10px 16px; }
      li + li { border-top: 1px solid var(--pbc-line); }
      .sign svg { display: block; width: 24px; height: 24px; fill: var(--tone); }
      p { margin: 0; overflow-wrap: anywhere; }
      .name { font-weight: 500; text-decoration: none; color: var(--primary-text-color, #212121); }
      a.name:hover { text-decoration: underline; }
      .files { display: flex; gap: 8px; }
      .btn { --mdc-icon-size: 18px; }
      .none { padding: 14px 16px; color: var(--pbc-text2); }
      @container (max-width: 640px) { .files { grid-column: 2 / -1; } }
    `,
  ];

  static override properties = { config: { attribute: false } };

  /** `links` are those that have a view of their own on the dashboard. */
  config?: CardConfig & { links?: string[] };
  private readonly digests = new Polled(this, fetchDigest);
  private readonly wall = new WallController(this, () => this.digests.load());

  protected override willUpdate(): void {
    if (!this.hass || !this.config) return;
    const { server } = this.config;
    this.wall.watch(this.hass, { group: "guest", days: DAYS, ...(server ? { entryId: server } : {}) });
    this.digests.watch(this.hass, server);
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const { answer, error } = this.digests;
    const retry = html`<button @click=${this.digests.load}>${words.say("again")}</button>`;
    const body = answer
      ? answer.digests.length
        ? html`<ul>${sorted(answer.digests).map((digest) => this.renderDigest(digest, answer.digests.length > 1, words))}</ul>`
        : html`<p class="none">${words.say("no_server")}</p>`
      : error
        ? alert("error", words.say("error_load", { error }), retry)
        : html`<p class="none">${words.say("loading")}</p>`;
    const title = this.config.title ? html`<h2>${this.config.title}</h2>` : nothing;
    return card(html`${title}${body}`, !answer && !error);
  }

  private renderDigest(digest: Digest, several: boolean, words: Words) {
    const tone = digest.problems ? "bad" : digest.unknown ? "muted" : digest.warning ? "warning" : "ok";
    const path = `/${location.pathname.split("/")[1]}/${digest.html ? "cluster" : "server"}-${digest.id}`;
    const name = this.config?.links?.includes(digest.id)
      ? html`<a class="name" href=${path}>${digest.name}</a>`
      : html`<span class="name">${digest.name}</span>`;
    const file = (href: string, symbol: string, text: string, label: string) =>
      html`<a class="btn" href=${href} target="_blank" rel="noreferrer" title=${label}>${icon(symbol)} ${text}<span class="sr"> ${digest.name}</span></a>`;
    return html`<li>
      <span class="sign ${tone}">${glyph(tone === "bad" || tone === "muted" ? BAD : GOOD)}</span>
      <p>${several ? html`${name}: ` : nothing}${digest.summary}</p>
      <span class="files">
        ${digest.html ? file(digest.html, "mdi:printer", words.say("report"), words.say("report_page")) : nothing}
        ${digest.csv ? file(digest.csv, "mdi:table-arrow-down", "CSV", words.say("report_table")) : nothing}
      </span>
    </li>`;
  }
}

const sorted = (digests: readonly Digest[]): Digest[] =>
  [...digests].sort((a, b) => Number(!a.problems) - Number(!b.problems) || Number(!a.unknown) - Number(!b.unknown));
