import { css, html, nothing, type TemplateResult } from "lit";
import type { Words } from "../i18n/words";

export const whyStyles = css`
  .why { all: unset; box-sizing: border-box; display: inline-flex; align-items: center; height: 24px; padding: 0 10px; border-radius: 12px; background: var(--pbc-soft); font-size: 12px; font-weight: 500; line-height: 1; cursor: pointer; vertical-align: middle; white-space: nowrap; }
  .why:hover, .why[aria-expanded="true"] { background: color-mix(in srgb, var(--primary-color, #0288d1) 18%, transparent); }
  .why:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: 2px; }
  .grounds { margin: 8px 0 4px; padding: 8px 12px; border-inline-start: 3px solid color-mix(in srgb, var(--primary-color, #0288d1) 45%, transparent); background: var(--pbc-soft); border-radius: 4px; font-size: 13px; font-weight: 400; }
  .grounds ul { list-style: none; margin: 0; padding: 0; }
  .grounds li { margin: 0 0 4px; color: inherit; font-size: 13px; overflow-wrap: anywhere; }
  .grounds p { margin: 8px 0 2px; font-size: 12px; color: var(--pbc-text2); }
`;

/** "Why?" beside a headline; it opens what the verdict rests on. */
export const whyButton = (name: string, open: boolean, toggle: () => void, words: Words): TemplateResult =>
  html`<button class="why" aria-expanded=${open ? "true" : "false"} @click=${toggle}
    >${words.say("why")}<span class="sr"> ${name}</span></button
  >`;

/** What a verdict rests on, sentence by sentence, and what was seen of it. */
export function groundsPanel(
  grounds: readonly string[],
  evidence: readonly string[],
  words: Words,
): TemplateResult | typeof nothing {
  const list = (sentences: readonly string[]) =>
    html`<ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
  return html`<div class="grounds">
    ${list(grounds)}
    ${evidence.length ? html`<p>${words.say("evidence")}</p>${list(evidence)}` : nothing}
  </div>`;
}
