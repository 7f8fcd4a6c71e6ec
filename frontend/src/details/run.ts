import { html, nothing, type TemplateResult } from "lit";
import type { Status } from "../data/contract";
import type { Run, RunResult } from "../data/details-contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { mark } from "../styles/look";

const AS_STATUS: Record<RunResult, Status> = {
  ok: "ok",
  warning: "warning",
  failed: "failed",
  cancelled: "failed",
  interrupted: "failed",
  not_reached: "failed",
  unclear: "unknown",
  running: "running",
  missed: "overdue",
};

export const runMark = (result: RunResult): TemplateResult => mark(AS_STATUS[result] ?? "unknown");

/** One run: how it ended, why, and what to do unless that is said already. */
export function runPanel(run: Run, words: Words, format: Format, said: string | null = null): TemplateResult {
  const facts: [string, string | null][] = [
    [words.say("started"), run.upid || run.started ? format.weekdayMoment(run.started) : null],
    [words.say("duration"), run.duration === null ? null : format.duration(run.duration)],
    [words.say("size"), run.size === null ? null : format.size(run.size)],
    [words.say("transferred"), run.transferred === null ? null : format.size(run.transferred)],
    [words.say("run_by"), run.by_hand ? words.say("by_hand") : run.job_name],
    [words.say("storage"), run.storage],
  ];
  const where = run.node ? html`<span class="aside">${run.node}</span>` : nothing;
  return html`<section class="run">
    <h4>${runMark(run.result)} ${words.say(`result_${run.result}`)} ${where}</h4>
    ${run.cause || run.error ? html`<p class="cause">${sentence(run.cause ?? run.error ?? "")}</p>` : nothing}
    ${run.step && run.step !== said ? html`<p class="step"><b>${words.say("next_step")}:</b> ${run.step}</p>` : nothing}
    ${definitions(facts)}
    ${run.archive && run.size !== null ? html`<p class="archive">${run.archive}</p>` : nothing}
  </section>`;
}

const MOST_PANELS = 4;

/** Divides the runs of a day, newest first, into those to show and those that only repeat the newest good one. */
export function folded(runs: readonly Run[]): [shown: Run[], more: Run[]] {
  if (runs.length <= MOST_PANELS) return [[...runs], []];
  const newest = runs.find((run) => run.result === "ok");
  const shows = (run: Run) => run === newest || run.result !== "ok";
  return [runs.filter(shows), runs.filter((run) => !shows(run))];
}

/** Facts with their names; those that are not known are left out. */
export function definitions(facts: [string, string | TemplateResult | null][]): TemplateResult {
  return html`<dl>
    ${facts.map(([name, value]) => (value === null || value === "" ? nothing : html`<div><dt>${name}</dt><dd class="num">${value}</dd></div>`))}
  </dl>`;
}

/** Returns what is part of a sentence elsewhere as one of its own. */
export const sentence = (text: string): string =>
  text.charAt(0).toLocaleUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
