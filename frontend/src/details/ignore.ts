import { html, type TemplateResult } from "lit";
import type { Words } from "../i18n/words";

/** Says what it means to leave a guest or job alone before that is chosen, and where it can be taken back. */
export function ignoreQuestion(
  name: string,
  kind: "guest" | "job",
  words: Words,
  choose: () => void,
  cancel: () => void,
): TemplateResult {
  const title = words.say("ignore_title", { name });
  const close = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    event.preventDefault();
    cancel();
  };
  return html`<section class="silences" role="group" aria-label=${title} @keydown=${close}>
    <p><b>${title}</b> <span class="aside">${words.say(kind === "job" ? "ignore_hint_job" : "ignore_hint_guest")}</span></p>
    <div class="actions">
      <button class="btn main" @click=${choose}>${words.say("ignore_do")}</button>
      <button class="btn" @click=${cancel}>${words.say("cancel")}</button>
    </div>
  </section>`;
}
