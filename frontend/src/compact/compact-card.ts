import { css, html, nothing } from "lit";
import { formatOf } from "../format";
import { card } from "../ha/elements";
import { wordsOf } from "../i18n/words";
import { BAD, GOOD, glyph } from "../styles/glyphs";
import { look } from "../styles/look";
import { SummaryCard } from "./summary-card";

/** One line: is everything protected, and if not, who is not. */
export class CompactCard extends SummaryCard {
  static override styles = [
    look,
    css`
      :host { display: block; height: 100%; }
      ha-card { height: 100%; display: flex; }
      button { all: unset; box-sizing: border-box; display: flex; align-items: center; gap: 12px; width: 100%; min-height: 56px; padding: 8px 12px; cursor: pointer; border-radius: inherit; }
      button:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; }
      .disc { width: 36px; height: 36px; flex: none; border-radius: 50%; display: grid; place-items: center; background: color-mix(in srgb, var(--tone, var(--pbc-muted)) 18%, transparent); }
      .disc svg { width: 24px; height: 24px; fill: var(--tone, var(--pbc-muted)); }
      .lines { min-width: 0; display: flex; flex-direction: column; line-height: 1.35; }
      b { font-size: 14px; font-weight: 500; }
      small { font-size: 12px; color: var(--pbc-text2); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    `,
  ];

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const summary = this.summary();
    const worst = this.worst().map((row) => row.name);
    const next = Math.min(...this.wall.state.rows.map((row) => row.nextDue ?? Number.POSITIVE_INFINITY));
    const upcoming = Number.isFinite(next) ? `${words.say("next_run")} ${formatOf(this.hass).relative(next)}` : "";
    const detail = worst.length ? worst.join(", ") : summary?.detail || upcoming;
    const title = this.config.title;
    return card(
      html`<button class=${summary?.tone ?? "muted"} @click=${this.press}>
        <span class="disc">${glyph(!summary || ["ok", "warning"].includes(summary.tone) ? GOOD : BAD)}</span>
        <span class="lines">
          <b>${summary ? summary.text : words.say("loading")}</b>
          <small>${[title, detail].filter(Boolean).join(" · ")}</small>
        </span>
      </button>`,
      !summary,
    );
  }
}
