import { html, type TemplateResult } from "lit";
import type { Words } from "../i18n/words";

/** What stands in place of rows that are on their way. */
export const skeleton = (words: Words, rows: number): TemplateResult =>
  html`<div class="skeleton" role="status">
    <span class="sr">${words.say("loading")}</span>${Array.from({ length: rows }, () => html`<i></i>`)}
  </div>`;
