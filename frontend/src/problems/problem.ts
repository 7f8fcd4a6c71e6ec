import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { fetchDetails } from "../data/commands";
import type { Details } from "../data/details-contract";
import { isServerJob, labelOf, noLastGood, type Row, vmidOf } from "../data/row";
import { loadDetails, openDetails } from "../details/open";
import { groundsPanel, whyButton, whyStyles } from "../details/why";
import { formatOf } from "../format";
import type { Hass } from "../ha/types";
import { type Words, wordsOf } from "../i18n/words";
import { look, mark } from "../styles/look";
import { stripLook } from "../styles/strip-look";

const DAYS = 30;

/** One problem: what, why, what to do, and the log of the run, fetched when it comes into view. */
export class Problem extends LitElement {
  static override styles = [
    look,
    stripLook,
    whyStyles,
    css`
      :host { display: block; padding: 14px 16px 16px; border-top: 1px solid var(--pbc-line); }
      .head { display: grid; grid-template-columns: 12px minmax(0, 1fr); align-items: start; gap: 10px; }
      .head > .mark { margin-top: 6px; }
      .head span { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 10px; }
      .open { all: unset; cursor: pointer; font-size: 15px; font-weight: 500; border-radius: 4px; }
      .open:hover { text-decoration: underline; }
      .open:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: 2px; }
      .aside { color: var(--pbc-text2); font-size: 12px; }
      p { margin: 6px 0 0 22px; overflow-wrap: anywhere; }
      .same { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; color: var(--pbc-text2); }
      .same .open { display: inline-flex; gap: 6px; align-items: center; font-size: 14px; color: var(--primary-text-color, #212121); }
      .step { color: var(--pbc-text2); }
      .step b { font-weight: 500; }
      .grounds { margin-inline-start: 22px; }
      pbc-run-log { margin: 6px 0 0 22px; --pbc-log-height: 170px; }
      @media (max-width: 600px) { p, pbc-run-log { margin-inline-start: 0; } }
    `,
  ];

  static override properties = {
    hass: { attribute: false },
    row: { attribute: false },
    same: { attribute: false },
    details: { state: true },
    why: { state: true },
  };

  hass?: Hass;
  row?: Row;
  /** What has the same cause, and so the same log. */
  same: readonly Row[] = [];
  private details?: Details;
  private why = false;
  private seen = false;
  private observer?: IntersectionObserver;

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.observer?.disconnect();
      this.seen = true;
      loadDetails();
      this.load();
    });
    this.observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer?.disconnect();
  }

  protected override shouldUpdate(changed: PropertyValues): boolean {
    return !this.hasUpdated || changed.size !== 1 || !changed.has("hass");
  }

  protected override willUpdate(changed: PropertyValues): void {
    const before = changed.get("row") as Row | undefined;
    if (this.seen && before && this.row && (before.reason !== this.row.reason || before.cells !== this.row.cells))
      this.load();
  }

  private async load(): Promise<void> {
    if (!this.hass || !this.row) return;
    // Without details the reason stands alone; the dialog says why they could not be read.
    this.details = await fetchDetails(this.hass, this.row.id, DAYS).catch(() => this.details);
  }

  protected override render() {
    const { hass, row, details } = this;
    if (!hass || !row) return nothing;
    const words = wordsOf(hass);
    const format = formatOf(hass);
    const last = row.lastSuccess ? format.relative(row.lastSuccess, undefined, "long") : words.say(noLastGood(row));
    const facts = [
      words.say(`status_${row.status}`),
      row.kind === "job" ? "" : labelOf(row),
      row.where,
      row.failures > 1 ? words.count("failures", row.failures) : "",
      `${words.say(isServerJob(row) ? "last_good_run" : "last_good")}: ${last}`,
      row.acknowledged ? words.say("silenced") : "",
    ];
    const run = details?.runs.find((candidate) => candidate.upid && candidate.result !== "ok");
    const toggle = () => {
      this.why = !this.why;
    };
    const failed = row.status === "failed" || row.status === "warning";
    return html`<div class="head">
        ${mark(row.status)}<span
          ><button class="open" @click=${() => openDetails(this, { id: row.id, name: row.name })}>${row.name}</button
          >${details ? whyButton(row.name, this.why, toggle, words) : nothing}<small class="aside">${facts.filter(Boolean).join(" · ")}</small></span
        >
      </div>
      <p>${row.reason}</p>
      ${details && this.why ? groundsPanel(details.grounds, details.verdict.evidence, words) : nothing}
      ${details?.verdict.next_step ? html`<p class="step"><b>${words.say("next_step")}:</b> ${details.verdict.next_step}</p>` : nothing}
      ${
        failed && run && hass.user?.is_admin
          ? html`<pbc-run-log
            .hass=${hass}
            .entry=${row.entryId}
            .upid=${run.upid ?? ""}
            .vmid=${vmidOf(row)}
          ></pbc-run-log>`
          : nothing
      }
      ${this.same.length ? this.renderSame(words) : nothing}`;
  }

  private renderSame(words: Words) {
    return html`<p class="same">${words.say("same_cause")}:
      ${this.same.map(
        (row) =>
          html`<button class="open" @click=${() => openDetails(this, { id: row.id, name: row.name })}
            >${mark(row.status)} ${row.name}</button
          >`,
      )}</p>`;
  }
}
