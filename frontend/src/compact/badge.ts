import { css, html, nothing } from "lit";
import { badge } from "../ha/elements";
import { wordsOf } from "../i18n/words";
import { BAD, GOOD, glyph } from "../styles/glyphs";
import { look } from "../styles/look";
import { SummaryCard } from "./summary-card";

/** The same line as a badge for the top of a view. */
export class SummaryBadge extends SummaryCard {
  static override styles = [
    look,
    css`
      .badge-icon { display: contents; }
      .badge-icon svg { width: 18px; height: 18px; fill: var(--tone, var(--pbc-muted)); }
    `,
  ];

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const summary = this.summary();
    const tone = summary?.tone ?? "muted";
    const shield = html`<span class="badge-icon ${tone}">${glyph(["ok", "warning"].includes(tone) ? GOOD : BAD)}</span>`;
    return badge({
      label: this.config.title ?? "",
      icon: shield,
      text: summary?.text ?? wordsOf(this.hass).say("loading"),
      press: this.press,
    });
  }
}
