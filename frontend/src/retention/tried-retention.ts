import { css, html, nothing, type PropertyValues } from "lit";
import { messageOf, tryRetention } from "../data/commands";
import type { KeepRule, TriedGuest, TriedRetention } from "../data/details-contract";
import { type Format, formatOf } from "../format";
import { HassElement } from "../ha/hass-element";
import { type Words, wordsOf } from "../i18n/words";
import { look } from "../styles/look";
import type { RetentionParams } from "./names";

const RULES: readonly KeepRule[] = ["last", "hourly", "daily", "weekly", "monthly", "yearly"];
const AFTER_TYPING = 300;

/** Six numbers, and which archives would stay and go by them; nothing is changed in Proxmox. */
export class TriedRetentionPanel extends HassElement {
  static override styles = [
    look,
    css`
      :host { display: block; }
      p { margin: 0 0 12px; }
      form { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 12px; margin: 0 0 16px; }
      label { display: grid; gap: 4px; font-size: 12px; color: var(--pbc-text2); }
      input { font: inherit; font-size: 16px; min-height: 40px; width: 100%; box-sizing: border-box; padding: 4px 10px; color: var(--primary-text-color, #212121); background: var(--pbc-soft); border: 1px solid var(--pbc-line); border-radius: 8px; }
      input:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
      .sum { display: flex; flex-wrap: wrap; gap: 8px 24px; margin: 0 0 12px; }
      .sum b { font-size: 20px; font-weight: 500; }
      .sum span { color: var(--pbc-text2); }
      .aside, .error { font-size: 13px; }
      .aside { color: var(--pbc-text2); }
      .error { color: var(--error-color, #db4437); }
      ul { list-style: none; margin: 0; padding: 0; }
      li { padding: 10px 0; border-top: 1px solid var(--pbc-line); }
      .guest { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 12px; }
      .guest span { color: var(--pbc-text2); font-size: 13px; }
      .chips { display: flex; flex-wrap: wrap; gap: 4px; margin: 6px 0 0; }
      .chip { white-space: nowrap; font-size: 12px; padding: 1px 7px; border-radius: 10px; background: var(--pbc-soft); }
      .chip.goes { color: var(--pbc-text2); text-decoration: line-through; background: none; border: 1px dashed var(--pbc-line); }
    `,
  ];

  static override properties = {
    job: { attribute: false },
    keep: { state: true },
    found: { state: true },
    error: { state: true },
  };

  job?: RetentionParams;
  private keep?: Record<KeepRule, number>;
  private found?: TriedRetention;
  private error = "";
  private timer?: ReturnType<typeof setTimeout>;
  private asked = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  protected override willUpdate(changed: PropertyValues): void {
    const isFirst = changed.has("hass") && !changed.get("hass");
    if (this.job && this.hass && (isFirst || changed.has("job"))) this.begin();
  }

  /** Begins with what the job keeps now. */
  private async begin(): Promise<void> {
    this.keep = this.found = undefined;
    await this.load({});
    const present = this.found as TriedRetention | undefined;
    if (!present || this.keep) return;
    this.keep = { ...Object.fromEntries(RULES.map((rule) => [rule, 0])), ...present.present_rules } as Record<
      KeepRule,
      number
    >;
    await this.load(this.keep);
  }

  private async load(keep: Partial<Record<KeepRule, number>>): Promise<void> {
    if (!this.hass || !this.job) return;
    this.asked += 1;
    const mine = this.asked;
    try {
      const found = await tryRetention(this.hass, this.job.entry, this.job.job, keep);
      if (mine !== this.asked) return;
      this.found = found;
      this.error = "";
    } catch (error) {
      if (mine === this.asked) this.error = messageOf(error);
    }
  }

  private typed(rule: KeepRule, event: Event): void {
    const value = Math.min(Math.max(Math.trunc(Number((event.target as HTMLInputElement).value)) || 0, 0), 1000);
    this.keep = { ...(this.keep as Record<KeepRule, number>), [rule]: value };
    clearTimeout(this.timer);
    const keep = this.keep;
    this.timer = setTimeout(() => this.load(keep), AFTER_TYPING);
  }

  protected override render() {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const format = formatOf(this.hass);
    const error = this.error
      ? html`<p class="error" role="alert">${words.say("action_failed", { error: this.error })}</p>`
      : nothing;
    const { keep, found } = this;
    if (!keep || !found) return html`${error}<p>${this.error ? nothing : words.say("loading")}</p>`;
    return html`<p class="aside">${words.say("keep_hint", { present: found.present ?? "–" })}</p>
      <form @submit=${(event: Event) => event.preventDefault()}>
        ${RULES.map(
          (rule) => html`<label>${words.say(`rule_${rule}`)}
            <input type="number" min="0" max="1000" inputmode="numeric" name=${rule} .value=${String(keep[rule])}
              @input=${(event: Event) => this.typed(rule, event)} />
          </label>`,
        )}
      </form>
      ${error}
      <div aria-live="polite">${this.renderSum(found, words, format)}</div>
      <ul>
        ${found.guests.map((guest) => this.renderGuest(guest, words, format))}
      </ul>`;
  }

  private renderSum(found: TriedRetention, words: Words, format: Format) {
    const part = (key: "keep_stay" | "keep_go", count: number, bytes: number | null) =>
      html`<div><b>${words.count(key, count)}</b>${bytes === null ? nothing : html` <span>${format.size(bytes)}</span>`}</div>`;
    return html`<div class="sum">
        ${part("keep_stay", found.stay, found.stay_bytes)} ${part("keep_go", found.go, found.go_bytes)}
      </div>
      ${found.deduplicated ? html`<p class="aside">${words.say("keep_deduplicated")}</p>` : nothing}
      ${found.removes ? nothing : html`<p class="aside">${words.say("keep_removes_nothing")}</p>`}
      ${found.others.length ? html`<p class="aside">${words.say("keep_others", { jobs: found.others.join(", ") })}</p>` : nothing}`;
  }

  private renderGuest(guest: TriedGuest, words: Words, format: Format) {
    const name = guest.name ? `${guest.name} (${guest.vmid})` : String(guest.vmid);
    if (!guest.archives) {
      return html`<li><div class="guest"><b>${name}</b><span>${words.say("keep_unread", { storage: guest.storage })}</span></div></li>`;
    }
    const stay = guest.archives.filter((archive) => archive.stays).length;
    const go = guest.archives.length - stay;
    return html`<li>
      <div class="guest">
        <b>${name}</b><span>${words.count("keep_stay", stay)} · ${words.count("keep_go", go)} · ${guest.storage}</span>
      </div>
      <div class="chips">
        ${guest.archives.map((archive) => {
          const told = words.say(archive.stays ? "keep_stays" : "keep_goes");
          const when = format.moment(Date.parse(archive.created) / 1000);
          return html`<span class="chip ${archive.stays ? "" : "goes"}" title="${when}: ${told}">${when}<span class="sr"> ${told}</span></span>`;
        })}
      </div>
    </li>`;
  }
}
