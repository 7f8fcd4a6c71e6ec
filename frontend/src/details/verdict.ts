import { html, nothing, type TemplateResult } from "lit";
import type { Status } from "../data/contract";
import type { Details, VerdictDetails } from "../data/details-contract";
import { isServerJob, labelOf, noLastGood, type Row } from "../data/row";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { progressText } from "../model/progress";
import { lookOf } from "../model/status";
import { mark } from "../styles/look";
import { definitions } from "./run";
import { groundsPanel, whyButton } from "./why";

const BY_SETTINGS: Status[] = ["uncovered", "paused"];

/** How it stands, in one sentence, why, and what to do about it. */
export function verdictPanel(
  row: Row,
  { verdict, grounds }: Details,
  why: { open: boolean; toggle: () => void },
  words: Words,
  format: Format,
): TemplateResult {
  const place = [words.say(`status_${verdict.status}`), row.kind === "job" ? "" : labelOf(row), row.where]
    .filter(Boolean)
    .join(" · ");
  const facts: [string, string | null][] = [
    [
      words.say(isServerJob(row) ? "last_good_run" : "last_good"),
      verdict.last_success
        ? `${format.moment(verdict.last_success)} (${format.relative(verdict.last_success)})`
        : words.say(noLastGood(verdict)),
    ],
    [
      words.say("next_run"),
      verdict.next_due ? `${format.moment(verdict.next_due)} (${format.relative(verdict.next_due)})` : null,
    ],
    [words.say("since"), verdict.since && lasts(verdict) ? format.moment(verdict.since) : null],
    [words.say("seen_since"), verdict.seen_since && lasts(verdict) ? format.moment(verdict.seen_since) : null],
    [words.say("confidence"), sureness(verdict, words)],
  ];
  const progress = progressText(row, words, format);
  return html`<section class="verdict ${lookOf(verdict.status).tone}">
    <p class="place">${mark(verdict.status)} <span>${place}${
      verdict.failures > 1 ? html` · <b>${words.count("failures", verdict.failures)}</b>` : nothing
    }</span></p>
    <p class="sentence">${verdict.reason} ${whyButton(row.name, why.open, why.toggle, words)}</p>
    ${why.open ? groundsPanel(grounds, verdict.evidence, words) : nothing}
    ${
      progress
        ? html`<p class="progress"><progress max="100" value=${row.progress?.percent ?? nothing} aria-label=${words.say("status_running")}></progress><span>${progress}</span></p>`
        : nothing
    }
    ${verdict.findings.length ? html`<ul class="findings">${verdict.findings.map((finding) => html`<li>${finding}</li>`)}</ul>` : nothing}
    ${verdict.next_step ? html`<p class="step"><b>${words.say("next_step")}:</b> ${verdict.next_step}</p>` : nothing}
    ${verdict.acknowledged ? html`<p class="acknowledged">${acknowledgedText(verdict.acknowledged, words, format)}</p>` : nothing}
    ${definitions(facts)}
  </section>`;
}

/** Tells whether it is something that began at some time and goes on. */
const lasts = ({ status, problem }: VerdictDetails): boolean => problem !== false || BY_SETTINGS.includes(status);

/** How sure it is; what Proxmox's own settings say needs no run to be proven. */
function sureness({ status, confidence, confidence_text }: VerdictDetails, words: Words): string | null {
  if (confidence !== "none") return confidence_text;
  if (BY_SETTINGS.includes(status)) return words.say("sure_settings");
  return status === "unknown" ? words.say("sure_nothing") : null;
}

function acknowledgedText(ack: NonNullable<VerdictDetails["acknowledged"]>, words: Words, format: Format): string {
  const text = ack.until
    ? words.say("silenced_until", { time: format.weekdayMoment(ack.until) })
    : words.say(ack.until_next_run ? "silenced_until_run" : "silenced_until_fixed");
  return ack.note ? `${text}: ${ack.note}` : `${text}.`;
}
