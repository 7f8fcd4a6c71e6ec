import { html, type TemplateResult } from "lit";
import type { Silence } from "../data/commands";
import type { Words } from "../i18n/words";

/** Asks for how long nothing is to be told of a problem, says what each choice does, and has a way back. */
export function silenceMenu(words: Words, choose: (how: Silence) => void, cancel: () => void): TemplateResult {
  const choice = (how: Silence, text: string, hint: string) =>
    html`<button class="choice" @click=${() => choose(how)}><b>${text}</b><small>${hint}</small></button>`;
  const close = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    event.preventDefault();
    cancel();
  };
  return html`<section class="silences" role="group" aria-label=${words.say("silence_title")} @keydown=${close}>
    <p><b>${words.say("silence_title")}</b> <span class="aside">${words.say("silence_hint")}</span></p>
    <div class="choices">
      ${choice("until_fixed", words.say("silence_fixed"), words.say("silence_fixed_hint"))}
      ${choice("until_next_run", words.say("silence_run"), words.say("silence_run_hint"))}
      ${choice({ hours: 24 }, words.say("silence_day"), words.say("silence_time_hint"))}
      ${choice({ hours: 168 }, words.say("silence_week"), words.say("silence_time_hint"))}
    </div>
    <button class="btn" @click=${cancel}>${words.say("cancel")}</button>
  </section>`;
}
