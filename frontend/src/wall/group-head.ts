import { html, nothing, type TemplateResult } from "lit";
import type { Words } from "../i18n/words";
import type { Grouping } from "../model/groups";
import { CHEVRON, glyph } from "../styles/glyphs";
import type { Line } from "./arrange";

interface Handling {
  tabindex: number;
  focus: () => void;
  toggle: () => void;
}

/** The head of a group: its name, how many are in it and how many of them have a problem; a press folds it. */
export function groupHead(
  line: Extract<Line, { group: string }>,
  by: Grouping,
  servers: ReadonlyMap<string, string>,
  words: Words,
  { tabindex, focus, toggle }: Handling,
): TemplateResult {
  return html`<button
    class="group"
    data-key=${line.key}
    tabindex=${tabindex}
    aria-expanded=${line.folded ? "false" : "true"}
    @focus=${focus}
    @click=${toggle}
  >${glyph(CHEVRON)}<b>${nameOf(line.group, by, servers, words)}</b><span class="num">${line.rows}</span>${
    line.problems ? html`<span class="bad">${words.count("problems", line.problems)}</span>` : nothing
  }</button>`;
}

function nameOf(group: string, by: Grouping, servers: ReadonlyMap<string, string>, words: Words): string {
  if (by === "server") return servers.get(group) ?? group;
  if (group) return group;
  return by === "job" || by === "storage" || by === "tag" ? words.say(`in_no_${by}`) : "–";
}
