import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { CausesController } from "../data/causes-controller";
import type { Row } from "../data/row";
import { WallController } from "../data/wall-controller";
import { formatOf } from "../format";
import { card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import { wordsOf } from "../i18n/words";
import { sortRows } from "../model/sort";
import { look } from "../styles/look";
import { blank, loadError, notices, notLoaded } from "../wall/notices";
import { skeleton } from "../wall/skeleton";
import { wallStyles } from "../wall/styles";

const DAYS = 30;

/** Every guest, job and client with a problem, each with its reason and its log. */
export class ProblemsCard extends HassElement {
  static override styles = [
    look,
    wallStyles,
    css`.blank { --mdc-icon-size: 48px; } .blank.good { --tone: var(--pbc-ok); }`,
  ];

  static override properties = {
    config: { attribute: false },
  };

  config?: CardConfig;
  private readonly guests = new WallController(this);
  private readonly jobs = new WallController(this);
  private readonly backups = new WallController(this);
  private readonly clients = new WallController(this);
  private readonly told = new CausesController(this);

  protected override willUpdate(): void {
    if (!this.hass || !this.config) return;
    const server = this.config.server ? { entryId: this.config.server } : {};
    this.guests.watch(this.hass, { group: "guest", days: DAYS, ...server });
    this.jobs.watch(this.hass, { group: "job", days: DAYS, ...server });
    this.backups.watch(this.hass, { group: "pbsjob", days: DAYS, ...server });
    this.clients.watch(this.hass, { group: "group", days: DAYS, ...server });
    if (this.guests.state.phase === "loading") return;
    this.told.watch(
      this.hass,
      this.config.server,
      [this.guests, this.jobs, this.backups].map((wall) => wall.state.rows),
    );
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const { state } = this.guests;
    const busy = state.phase === "loading";
    const title = this.config.title ?? words.say("needs_attention");
    return card(
      html`<div class="head"><h2>${title}</h2></div>
        ${notices(state, words, formatOf(this.hass), this.guests.retry)} ${busy ? skeleton(words, 3) : this.renderProblems()}`,
      busy,
    );
  }

  private renderProblems() {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const { phase, rows, servers } = this.guests.state;
    if (phase === "not_loaded") return notLoaded(words);
    if (phase === "failed" && !rows.length)
      return html`<div class="notices">${loadError(this.guests.state, words, this.guests.retry)}</div>`;
    const others = [this.jobs, this.backups, this.clients].flatMap((wall) => wall.state.rows);
    const all = sortRows([...rows, ...others], "worst");
    const shown = all.filter(
      (row) =>
        row.problem !== false && !row.deleted && !["ignored", "paused", "asleep", "pending"].includes(row.status),
    );
    if (!shown.length) {
      // Nothing is said to be well of what cannot be seen.
      const unread = [...servers, ...this.backups.state.servers].some(({ state }) => !["ok", "asleep"].includes(state));
      if (!rows.length || unread) return nothing;
      return blank("mdi:shield-check", words.say("healthy"), words.say("healthy_hint"));
    }
    return repeat(
      this.byCause(shown),
      ([row]) => row.id,
      ([row, ...same]) => html`<pbc-problem .hass=${this.hass} .row=${row} .same=${same}></pbc-problem>`,
    );
  }

  /** Puts together what has one cause: told is a guest of it, if there is one, since its log says the most. */
  private byCause(shown: readonly Row[]): [Row, ...Row[]][] {
    const causeOf = new Map((this.told.causes ?? []).flatMap((cause) => cause.rows.map((id) => [id, cause.id])));
    const together = new Map<string, [Row, ...Row[]]>();
    for (const row of [...shown.filter((one) => one.kind !== "job"), ...shown.filter((one) => one.kind === "job")]) {
      const key = causeOf.get(row.id) ?? row.id;
      const known = together.get(key);
      if (known) known.push(row);
      else together.set(key, [row]);
    }
    return [...together.values()].sort(([one], [other]) => shown.indexOf(one) - shown.indexOf(other));
  }
}
