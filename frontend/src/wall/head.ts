import { html, nothing, type TemplateResult } from "lit";
import type { Group, Status } from "../data/contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { dayOfCell, labelledCells } from "../model/days";
import type { Sort } from "../model/sort";
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

/** A round button that opens something below the head. */
export const opener = (icon: string, label: string, open: boolean, toggle: () => void): TemplateResult =>
  html`<button class="opener" title=${label} aria-label=${label} aria-expanded=${open ? "true" : "false"} @click=${toggle}>${glyph(icon)}</button>`;

export interface Sorting {
  sort: Sort;
  reversed: boolean;
  choose: (sort: Sort) => void;
}

/** The dates above the strips, and what the columns show; a press sorts by one, another the other way round. */
export function columnHeads(
  layout: Layout,
  sorting: Sorting,
  group: Group,
  end: string,
  days: number,
  words: Words,
  format: Format,
): TemplateResult {
  const by = (sort: Sort, column: string, end = "end") => {
    const on = sorting.sort === sort;
    const label = words.say("sort_by", { column });
    return html`<span class=${end}
      ><button class="by" title=${label} aria-label=${label} aria-pressed=${on ? "true" : "false"} @click=${() => sorting.choose(sort)}
        >${column}${on ? html`<i aria-hidden="true">${sorting.reversed ? "▴" : "▾"}</i>` : nothing}</button
    ></span>`;
  };
  return html`<div class="grid heads" role="group" aria-label=${words.say("arrange")} style="grid-template-columns:${layout.template}">
    <span></span>${by("name", words.say(`what_${group}`), "")}
    ${axis(end, days, layout.strip, words, format)}
    ${layout.spark ? html`<span></span>` : nothing}
    ${layout.copies ? by("copies", words.say("copies")) : nothing}
    ${layout.size ? by("size", words.say("size")) : nothing}
    ${layout.last ? by("last", words.say("last")) : nothing}
    ${layout.next ? by("next", words.say("next")) : nothing}
  </div>`;
}

/** Where there is no room for heads, the dates alone. */
export const narrowAxis = (layout: Layout, end: string, days: number, words: Words, format: Format): TemplateResult =>
  html`<div class="heads narrow-axis">${axis(end, days, layout.strip, words, format)}</div>`;

export function axis(end: string, days: number, width: number, words: Words, format: Format): TemplateResult {
  return html`<span class="axis" aria-hidden="true" style="width:${width}px"
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
