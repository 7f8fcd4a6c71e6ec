import { html, nothing, type TemplateResult } from "lit";
import type { Group, Status } from "../data/contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { dayOfCell, labelledCells } from "../model/days";
import { glyph, SEARCH } from "../styles/glyphs";
import { mark } from "../styles/look";
import type { Layout } from "./columns";
import { cellBox } from "./strip";

/** One button for each status, with how many there are. */
export function chips(
  counts: [Status, number][],
  chosen: Status | undefined,
  words: Words,
  choose: (status: Status) => void,
): TemplateResult | typeof nothing {
  if (counts.length < 2 && !chosen) return nothing;
  return html`<div class="chips" role="group" aria-label=${words.say("filter_label")}>
    ${counts.map(
      ([status, count]) => html`<button
        class="chip"
        aria-pressed=${chosen === status ? "true" : "false"}
        @click=${() => choose(status)}
      >${mark(status)}<b class="num">${count}</b> ${words.say(`status_${status}`)}</button>`,
    )}
  </div>`;
}

export function search(query: string, words: Words, change: (query: string) => void): TemplateResult {
  return html`<label class="search"
    >${glyph(SEARCH)}<input
      type="search"
      .value=${query}
      placeholder=${words.say("search")}
      aria-label=${words.say("search")}
      autocomplete="off"
      spellcheck="false"
      @input=${(event: InputEvent) => change((event.target as HTMLInputElement).value)}
  /></label>`;
}

/** The dates above the strips, and what the columns show. */
export function columnHeads(
  layout: Layout,
  group: Group,
  end: string,
  days: number,
  words: Words,
  format: Format,
): TemplateResult {
  return html`<div class="grid heads" aria-hidden="true" style="grid-template-columns:${layout.template}">
    <span></span><span>${words.say(`what_${group}`)}</span>
    ${axis(end, days, layout.strip, words, format)}
    ${layout.spark ? html`<span></span>` : nothing}
    ${layout.size ? html`<span class="end">${words.say("size")}</span>` : nothing}
    ${layout.last ? html`<span class="end">${words.say("last")}</span>` : nothing}
    ${layout.next ? html`<span class="end">${words.say("next")}</span>` : nothing}
  </div>`;
}

export function axis(end: string, days: number, width: number, words: Words, format: Format): TemplateResult {
  return html`<span class="axis" style="width:${width}px"
    >${labelledCells(days, width).map((cell) => {
      const { x, w } = cellBox(cell, days, width);
      const today = cell === days - 1;
      const text = today
        ? words.say("today")
        : format.day(dayOfCell(end, days, cell), { day: "numeric", month: "short" });
      return html`<i class=${today ? "today" : ""} style=${today ? "" : `inset-inline-start:${x + w / 2}px`}>${text}</i>`;
    })}</span
  >`;
}
