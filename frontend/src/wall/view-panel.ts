import "../i18n/more";
import { html, type TemplateResult } from "lit";
import type { Key } from "../i18n/keys";
import type { Words } from "../i18n/words";
import type { Grouping } from "../model/groups";
import { SORTS, type Sort } from "../model/sort";
import { CELLS, STATUSES } from "../model/status";
import { mark } from "../styles/look";
import { STRIP_HEIGHT } from "./columns";
import { strip } from "./strip";

/** What each bar and each mark means, with a word each. */
export const legend = (
  words: Words,
): TemplateResult => html`<div class="panel" role="group" aria-label=${words.say("legend")}>
  <p>${words.say("legend_bars")}</p>
  <ul>${CELLS.map((cell) => html`<li>${strip(cell, 12, STRIP_HEIGHT)}<span>${words.say(`cell_${cell}`)}</span></li>`)}</ul>
  <p>${words.say("legend_marks")}</p>
  <ul>${STATUSES.map((status) => html`<li>${mark(status)}<span>${words.say(`status_${status}`)}</span></li>`)}</ul>
  <p>${words.say("legend_hint")}</p>
</div>`;

/** In which order the rows stand, and in which groups. */
export function arrangement(
  now: { sort: Sort; groupBy: Grouping },
  groupings: readonly Grouping[],
  words: Words,
  choose: (change: { sort?: Sort; groupBy?: Grouping }) => void,
): TemplateResult {
  const select = <T extends string>(
    label: Key,
    values: readonly T[],
    prefix: string,
    chosen: T,
    take: (v: T) => void,
  ) =>
    html`<label
      >${words.say(label)}
      <select @change=${(event: Event) => take((event.target as HTMLSelectElement).value as T)}>
        ${values.map(
          (value) =>
            html`<option value=${value} ?selected=${value === chosen}>${words.say(`${prefix}${value}` as Key)}</option>`,
        )}
      </select></label
    >`;
  return html`<div class="panel fields" role="group" aria-label=${words.say("arrange")}>
    ${select("ed_sort", SORTS, "ed_sort_", now.sort, (sort) => choose({ sort }))}
    ${select("group_by", groupings, "group_by_", now.groupBy, (groupBy) => choose({ groupBy }))}
  </div>`;
}
