import { css, html, nothing } from "lit";
import { fetchMessageSetup, messageOf, sendTest } from "../data/commands";
import type { MessageSetupInfo } from "../data/contract";
import { HassElement } from "../ha/hass-element";
import { type Words, wordsOf } from "../i18n/words";
import { GOOD, glyph } from "../styles/glyphs";
import { look } from "../styles/look";
import { saveAutomation, type Target, type Way, yamlOf } from "./automation";

type Step = "choose" | "saving" | "sent" | "by_hand";

/** One press: choose a phone or any notifier, the automation is saved, and a test is on its way. */
export class MessageSetup extends HassElement {
  static override styles = [
    look,
    css`
      :host { display: block; }
      p { margin: 0 0 12px; }
      h3 { margin: 18px 0 8px; font-size: 14px; font-weight: 500; }
      ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; }
      .target { all: unset; box-sizing: border-box; width: 100%; display: flex; align-items: center; gap: 12px; min-height: 48px; padding: 10px 16px; border: 1px solid var(--pbc-line); border-radius: 12px; cursor: pointer; }
      .target:hover { background: var(--pbc-soft); }
      .target:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: 2px; }
      .target[disabled] { opacity: 0.5; pointer-events: none; }
      .target b { flex: 1; font-weight: 500; overflow-wrap: anywhere; }
      .target span { color: var(--pbc-text2); font-size: 13px; }
      .good { display: flex; gap: 12px; align-items: center; }
      .good svg { width: 28px; height: 28px; fill: var(--pbc-ok); flex: none; }
      .error { color: var(--error-color, #db4437); }
      pre { margin: 0 0 12px; padding: 12px; border-radius: 8px; background: var(--pbc-soft); overflow: auto; font-size: 12px; user-select: all; }
      .aside { color: var(--pbc-text2); font-size: 13px; }
    `,
  ];

  static override properties = {
    setup: { state: true },
    step: { state: true },
    error: { state: true },
    chosen: { state: true },
  };

  private setup?: MessageSetupInfo;
  private step: Step = "choose";
  private error = "";
  private chosen?: { way: Way; target: Target };

  override connectedCallback(): void {
    super.connectedCallback();
    this.load();
  }

  private async load(): Promise<void> {
    if (!this.hass) return;
    try {
      this.setup = await fetchMessageSetup(this.hass);
    } catch (error) {
      this.error = messageOf(error);
    }
  }

  protected override render() {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    if (!this.setup) return html`<p>${this.error || words.say("loading")}</p>`;
    const error = this.error
      ? html`<p class="error" role="alert">${words.say("action_failed", { error: this.error })}</p>`
      : nothing;
    return html`<div aria-live="polite">${error}${this.renderStep(this.setup, words)}</div>`;
  }

  private renderStep(setup: MessageSetupInfo, words: Words) {
    if (setup.ask) {
      return html`<p>${words.say("tell_ask", { names: setup.ask.join(", ") || "–" })}</p>`;
    }
    if (this.step === "sent" && this.chosen) {
      return html`<p class="good">${glyph(GOOD)}<b>${words.say("tell_sent", { name: this.chosen.target.name })}</b></p>
        <p>${words.say("tell_sent_hint")}</p>
        <p><button class="btn" @click=${this.again}>${words.say("tell_again")}</button></p>`;
    }
    if (this.step === "by_hand" && this.chosen) {
      const { way, target } = this.chosen;
      const path = setup.blueprints?.[way].path ?? "";
      return html`<p>${words.say("tell_by_hand")}</p>
        <pre>${yamlOf(way, target, path, words)}</pre>
        <p class="aside">${words.say("tell_by_hand_hint")}</p>`;
    }
    return html`<p>${words.say("tell_hint")}</p>
      <h3>${words.say("tell_phones")}</h3>
      ${
        setup.phones?.length
          ? this.renderTargets("phone", setup.phones, words)
          : html`<p class="aside">${words.say("tell_no_phone")}</p>`
      }
      ${
        setup.notifiers?.length
          ? html`<h3>${words.say("tell_notifiers")}</h3>${this.renderTargets("notifier", setup.notifiers, words)}`
          : nothing
      }`;
  }

  private renderTargets(way: Way, targets: Target[], words: Words) {
    const saving = this.step === "saving";
    return html`<ul>
      ${targets.map(
        (target) => html`<li><button class="target" ?disabled=${saving} @click=${() => this.choose(way, target, words)}>
          <b>${target.name}</b><span>${saving && this.chosen?.target.id === target.id ? words.say("tell_saving") : words.say("tell_press")}</span>
        </button></li>`,
      )}
    </ul>`;
  }

  private again = (): void => {
    this.step = "choose";
    this.chosen = undefined;
  };

  private async choose(way: Way, target: Target, words: Words): Promise<void> {
    if (!this.setup || !this.hass) return;
    this.chosen = { way, target };
    this.step = "saving";
    this.error = "";
    try {
      const saved = await saveAutomation(
        () => this.hass as NonNullable<typeof this.hass>,
        this.setup,
        way,
        target,
        words,
      );
      if (saved) await sendTest(this.hass);
      this.step = saved ? "sent" : "by_hand";
    } catch (error) {
      this.error = messageOf(error);
      this.step = "choose";
    }
  }
}
