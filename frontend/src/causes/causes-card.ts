import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { CausesController } from "../data/causes-controller";
import { messageOf, type Silence, silence, unsilence } from "../data/commands";
import { type Cause, DOMAIN } from "../data/contract";
import type { Row } from "../data/row";
import { WallController } from "../data/wall-controller";
import { openDetails } from "../details/open";
import { silenceMenu, silenceStyles } from "../details/silence";
import { groundsPanel, whyButton, whyStyles } from "../details/why";
import { formatOf } from "../format";
import { notify } from "../ha/actions";
import { alert, card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import type { Hass } from "../ha/types";
import { wordsOf } from "../i18n/words";
import { BAD, GOOD, glyph } from "../styles/glyphs";
import { look, mark } from "../styles/look";
import { namesOf } from "../wall/summary";
import { causesStyles } from "./styles";

const DAYS = 30;

/** What is wrong, a line for each cause; the guests and jobs that it concerns are folded under it. */
export class CausesCard extends HassElement {
  static override styles = [look, silenceStyles, causesStyles, whyStyles, css`:host { display: block; }`];

  static override properties = {
    config: { attribute: false },
    silencing: { state: true },
    explained: { state: true },
  };

  config?: CardConfig;
  private silencing?: string;
  private explained?: string;
  private readonly guests = new WallController(this);
  private readonly jobs = new WallController(this);
  private readonly backups = new WallController(this);
  private readonly told = new CausesController(this);

  protected override willUpdate(): void {
    if (!this.hass || !this.config) return;
    const server = this.config.server ? { entryId: this.config.server } : {};
    this.guests.watch(this.hass, { group: "guest", days: DAYS, ...server });
    this.jobs.watch(this.hass, { group: "job", days: DAYS, ...server });
    this.backups.watch(this.hass, { group: "pbsjob", days: DAYS, ...server });
    const states = [this.guests.state, this.backups.state];
    if (states.some((state) => state.phase === "loading")) return;
    this.told.watch(
      this.hass,
      this.config.server,
      states.flatMap(({ rows, servers }) => [rows, servers]),
    );
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const { causes, error } = this.told;
    if (!causes) {
      if (!error) return nothing;
      const retry = html`<button @click=${this.told.retry}>${words.say("again")}</button>`;
      return card(alert("error", words.say("error_load", { error }), retry));
    }
    if (!causes.length) return this.renderCalm();
    const title = this.config.title ? html`<h2>${this.config.title}</h2>` : nothing;
    return card(
      html`${title}<ul class="causes" aria-label=${words.say("causes_shown")} @keydown=${this.onKey}>
          ${repeat(
            causes,
            (cause) => cause.id,
            (cause) => this.renderCause(cause),
          )}
        </ul>`,
    );
  }

  /** Nothing is said to be well of what is not read. */
  private renderCalm() {
    const rows = [...this.guests.state.rows, ...this.backups.state.rows];
    const clusters = this.guests.state.servers;
    if (!this.hass || !rows.length || clusters.some((server) => server.state !== "ok" || !server.counts))
      return nothing;
    // What a server warns of is no problem, but it is not nothing either.
    if (this.backups.state.rows.some((row) => row.status === "warning")) return nothing;
    if (this.backups.state.servers.some((server) => server.state !== "ok" && server.state !== "asleep")) return nothing;
    if (rows.some((row) => row.problem === null && !row.deleted)) return nothing;
    const words = wordsOf(this.hass);
    return card(html`<p class="calm ok">${glyph(GOOD)}<b>${words.say("healthy")}</b></p>`);
  }

  private renderCause(cause: Cause) {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const format = formatOf(this.hass);
    const rows = this.rowsOf(cause);
    const since = cause.seen_since
      ? words.say("seen_since_when", { when: format.weekdayMoment(cause.seen_since) })
      : cause.since
        ? words.say("since_when", { when: format.weekdayMoment(cause.since) })
        : "";
    const facts = [
      cause.guests ? words.count("cause_guests", cause.guests) : "",
      cause.jobs ? words.count("cause_jobs", cause.jobs) : "",
      since,
      namesOf([...this.guests.state.servers, ...this.backups.state.servers]).get(cause.entry_id) ?? "",
      cause.silenced ? words.say("silenced") : "",
    ];
    const open = this.explained === cause.id;
    const toggle = () => {
      this.explained = open ? undefined : cause.id;
    };
    const tone = cause.unseen ? "muted" : "bad";
    return html`<li class=${cause.silenced ? "silenced" : ""} data-cause=${cause.id}>
      <span class="sign ${tone}">${glyph(BAD)}</span>
      <div class="what">
        <div class="headline"><h3>${cause.title}</h3> ${cause.grounds?.length ? whyButton(cause.title, open, toggle, words) : nothing}</div>
        <p class="facts">${facts.filter(Boolean).join(" · ")}</p>
        ${cause.why.map((sentence) => html`<p>${sentence}</p>`)}
        ${open ? groundsPanel(cause.grounds, [], words) : nothing}
        <details>
          <summary>${[cause.todo ? words.say("next_step") : "", rows.map((row) => row.name).join(", ")].filter(Boolean).join(" · ")}</summary>
          ${cause.todo ? html`<p class="step">${cause.todo}</p>` : nothing}
          ${rows.map(
            (row) => html`<button class="row" @click=${() => openDetails(this, { id: row.id, name: row.name })}>
              ${mark(row.status)}<b>${row.name}</b><small>${row.reason}</small>
            </button>`,
          )}
        </details>
        ${this.silencing === cause.id ? this.renderSilence(cause) : nothing}
      </div>
      ${this.silencing === cause.id ? nothing : this.renderActions(cause, rows)}
    </li>`;
  }

  private renderActions(cause: Cause, rows: Pick<Row, "id" | "name">[]) {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const may = this.hass.services[DOMAIN]?.acknowledge && cause.entity_ids.length;
    const [first] = rows;
    return html`<div class="actions">
      ${cause.link ? html`<a class="btn main" href=${cause.link}>${words.say("open_repairs")}</a>` : nothing}
      ${
        cause.upid && first && this.hass.user?.is_admin
          ? html`<button class="btn" @click=${() => openDetails(this, { id: first.id, name: first.name })}>${words.say("show_log")}</button>`
          : nothing
      }
      ${
        !may
          ? nothing
          : cause.silenced
            ? html`<button class="btn" @click=${() => this.act((hass) => unsilence(hass, cause.entity_ids))}>${words.say("silence_undo")}</button>`
            : html`<button class="btn silence" @click=${() => this.ask(cause)}>${words.say("silence")}</button>`
      }
    </div>`;
  }

  private renderSilence(cause: Cause) {
    if (!this.hass) return nothing;
    return silenceMenu(
      wordsOf(this.hass),
      (how: Silence) => this.act((hass) => silence(hass, cause.entity_ids, how)),
      () => this.stopSilencing(cause),
    );
  }

  private async ask(cause: Cause): Promise<void> {
    this.silencing = cause.id;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".silences button")?.focus();
  }

  /** Closes the menu wherever in the card the focus has gone from it. */
  private onKey = (event: KeyboardEvent): void => {
    const asked = this.told.causes?.find((cause) => cause.id === this.silencing);
    if (event.key === "Escape" && asked) this.stopSilencing(asked);
  };

  private async stopSilencing(cause: Cause): Promise<void> {
    this.silencing = undefined;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`[data-cause="${CSS.escape(cause.id)}"] .silence`)?.focus();
  }

  /** Returns the rows that a cause concerns, guests first. */
  private rowsOf(cause: Cause): Pick<Row, "id" | "name" | "status" | "reason">[] {
    if (cause.parts) return cause.parts;
    const known = new Map([...this.guests.state.rows, ...this.jobs.state.rows].map((row) => [row.id, row]));
    return cause.rows
      .flatMap((id) => known.get(id) ?? [])
      .sort((a, b) => Number(a.kind === "job") - Number(b.kind === "job"));
  }

  private async act(action: (hass: Hass) => Promise<unknown>): Promise<void> {
    if (!this.hass) return;
    this.silencing = undefined;
    try {
      await action(this.hass);
      await this.told.retry();
    } catch (error) {
      notify(this, wordsOf(this.hass).say("action_failed", { error: messageOf(error) }));
    }
  }
}
