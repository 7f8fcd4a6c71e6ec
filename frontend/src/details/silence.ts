import { css, html, type TemplateResult } from "lit";
import type { Silence } from "../data/commands";
import type { Words } from "../i18n/words";

export const silenceStyles = css`
  .silences { margin: 14px 0 18px; padding: 12px 14px; border: 1px solid var(--pbc-line); border-radius: 12px; }
  .silences b { font-weight: 500; }
  .choices { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 8px; margin: 10px 0; }
  .choice { all: unset; box-sizing: border-box; display: flex; flex-direction: column; gap: 2px; padding: 9px 12px; border-radius: 10px; background: var(--pbc-soft); cursor: pointer; }
  .choice:hover { background: color-mix(in srgb, var(--primary-color, #0288d1) 14%, transparent); }
  .choice:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
  .choice small { font-size: 12px; color: var(--pbc-text2); }
  .silences p { margin: 0; }
`;

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
