import { html, nothing, type TemplateResult } from "lit";
import type { Details } from "../data/details-contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { definitions, sentence } from "./run";

/** What only a backup server tells: what a run did not do group by group, and what is known of a group. */
export function serverParts(details: Details, words: Words, format: Format): TemplateResult | typeof nothing {
  const { troubles = [], facts } = details;
  const [only, another] = troubles;
  // The headline says it of a single one already.
  const listed = only && !another && !only.error && only.reason === details.verdict.reason ? [] : troubles;
  if (!listed.length && !facts) return nothing;
  return html`<div class="parts">${
    facts
      ? definitions([
          [words.say("restore_points"), String(facts.restore_points)],
          [words.say("size"), facts.size === null ? null : format.size(facts.size)],
          [words.say("verified_here"), facts.verification],
          [words.say("copies"), facts.copies ?? null],
          [words.say("owner"), facts.owner],
          [words.say("encrypted_name"), facts.encrypted === null ? null : words.say(facts.encrypted ? "yes" : "no")],
        ])
      : nothing
  }
  ${
    listed.length
      ? html`<section class="troubles"><h4>${words.count("not_done", listed.length)}</h4>
          <ul>${listed.map(
            ({ group, reason, error }) =>
              html`<li>${reason.includes(group) ? nothing : html`<b>${group}</b>: `}${reason}${error && !reason.includes(error) ? html` <small>${sentence(error)}</small>` : nothing}</li>`,
          )}</ul></section>`
      : nothing
  }</div>`;
}
