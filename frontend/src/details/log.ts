import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { fetchLog, messageOf } from "../data/commands";
import type { LogExcerpt } from "../data/details-contract";
import { notify } from "../ha/actions";
import type { Hass } from "../ha/types";
import { wordsOf } from "../i18n/words";
import { glyph } from "../styles/glyphs";
import { look } from "../styles/look";
import { COPY } from "./glyphs";

/** An excerpt of a run's log, its errors in view; fetched from Proxmox when it is shown, and never for non-administrators. */
export class RunLog extends LitElement {
  static override styles = [
    look,
    css`
      :host { display: block; }
      .bar { display: flex; align-items: center; gap: 8px; min-height: 36px; }
      b { font-size: 13px; font-weight: 500; }
      .count { color: var(--pbc-text2); font-size: 12px; flex: 1; }
      .bar button { all: unset; cursor: pointer; display: inline-flex; gap: 4px; align-items: center; padding: 6px 8px; border-radius: 6px; font-size: 12px; color: color-mix(in srgb, var(--primary-color, #0288d1) 60%, var(--primary-text-color, #212121)); }
      .bar button:hover { background: var(--pbc-soft); }
      .bar button:focus-visible, pre:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
      .bar svg { width: 16px; height: 16px; fill: currentColor; }
      pre {
        margin: 0; padding: 10px 0; max-height: var(--pbc-log-height, 240px); overflow: auto; border-radius: 8px; position: relative; scrollbar-width: thin;
        background: var(--secondary-background-color, #f0f0f0); font: 12px/1.5 var(--ha-font-family-code, ui-monospace, monospace);
      }
      pre span { display: block; padding: 0 12px; white-space: pre-wrap; overflow-wrap: anywhere; }
      .error { background: color-mix(in srgb, var(--pbc-bad) 16%, transparent); box-shadow: inset 3px 0 var(--pbc-bad); }
      .warning { background: color-mix(in srgb, var(--pbc-warning) 16%, transparent); box-shadow: inset 3px 0 var(--pbc-warning); }
      p { margin: 0; color: var(--pbc-text2); font-size: 13px; }
    `,
  ];

  static override properties = {
    hass: { attribute: false },
    entry: {},
    upid: {},
    vmid: { type: Number },
    excerpt: { state: true },
    error: { state: true },
    whole: { state: true },
  };

  hass?: Hass;
  entry = "";
  upid = "";
  vmid?: number;
  private excerpt?: LogExcerpt;
  private error = "";
  private whole = false;

  protected override shouldUpdate(changed: PropertyValues): boolean {
    return !this.hasUpdated || changed.size !== 1 || !changed.has("hass");
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("upid")) {
      this.whole = false;
      this.excerpt = undefined;
    }
    if (changed.has("upid") || changed.has("whole")) this.load();
  }

  private async load(): Promise<void> {
    const { hass, upid, entry, vmid, whole } = this;
    if (!hass?.user?.is_admin || !upid) return;
    this.error = "";
    try {
      const request = { entry_id: entry, upid, ...(vmid ? { vmid } : {}), ...(whole ? { whole } : {}) };
      const excerpt = await fetchLog(hass.connection, request);
      if (upid === this.upid) this.excerpt = excerpt;
    } catch (error) {
      if (upid === this.upid) this.error = messageOf(error);
    }
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("excerpt")) return;
    const first = this.renderRoot.querySelector<HTMLElement>("[data-first]");
    const box = this.renderRoot.querySelector("pre");
    if (box && first) box.scrollTop = Math.max(0, first.offsetTop - 40);
    else if (box) box.scrollTop = box.scrollHeight;
  }

  protected override render() {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    if (!this.hass.user?.is_admin) return html`<p>${words.say("log_admin")}</p>`;
    if (this.error) return html`<p role="alert">${words.say("log_failed", { error: this.error })}</p>`;
    const excerpt = this.excerpt;
    if (!excerpt) return html`<div class="bar"><b>${words.say("log")}</b></div>`;
    if (!excerpt.lines.length) return html`<p>${words.say("log_none")}</p>`;
    const count = words.say("log_excerpt", { shown: excerpt.lines.length, total: excerpt.total });
    return html`<div class="bar">
        <b>${words.say("log")}</b>
        <span class="count num">${count}</span>
        ${excerpt.truncated && !this.whole ? html`<button @click=${this.showWhole}>${words.say("log_whole")}</button>` : nothing}
        <button @click=${this.copy}>${glyph(COPY)} ${words.say("copy")}</button>
      </div>
      <pre tabindex="0" aria-label=${words.say("log")}>${excerpt.lines.map(
        (line) =>
          html`<span class=${line.level} ?data-first=${line.n === excerpt.first_error}>${line.text || " "}</span>`,
      )}</pre>`;
  }

  private showWhole = (): void => {
    this.whole = true;
  };

  private copy = async (): Promise<void> => {
    const text = (this.excerpt?.lines ?? []).map((line) => line.text).join("\n");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without HTTPS browsers have no clipboard for pages; the old way still works.
      const area = Object.assign(document.createElement("textarea"), { value: text });
      this.renderRoot.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    if (this.hass) notify(this, wordsOf(this.hass).say("copied"));
  };
}
