import "../i18n/more";
import { html, nothing, type TemplateResult } from "lit";
import { fetchDetails } from "../data/commands";
import type { Run } from "../data/details-contract";
import type { Row } from "../data/row";
import { runMark, sentence } from "../details/run";
import type { Format } from "../format";
import type { Hass } from "../ha/types";
import type { Words } from "../i18n/words";

const MOST = 4;

/** The runs of rows by day, asked for once while a row stays as it is. */
export class DayRuns {
  readonly #known = new WeakMap<Row, Run[]>();
  readonly #asked = new WeakSet<Row>();

  constructor(private readonly changed: () => void) {}

  of(row: Row, day: string): Run[] | undefined {
    return this.#known.get(row)?.filter((run) => run.day === day);
  }

  async want(hass: Hass, row: Row, days: number): Promise<void> {
    if (this.#asked.has(row)) return;
    this.#asked.add(row);
    try {
      this.#known.set(row, (await fetchDetails(hass, row.id, days)).runs);
      this.changed();
    } catch {
      // What the day was like is said without them; pointing there again asks again.
      this.#asked.delete(row);
    }
  }
}

/** The runs of one day in short: when, how, why, how large and how long. */
export function dayRuns(runs: readonly Run[], words: Words, format: Format): TemplateResult | typeof nothing {
  if (!runs.length) return nothing;
  const shown = inShort(runs);
  return html`<ul>
    ${shown.map(
      (run) => html`<li>
        ${runMark(run.result)}<span>${headOf(run, words, format)}</span>
        ${causeOf(run) ? html`<p>${causeOf(run)}</p>` : nothing}
      </li>`,
    )}
    ${runs.length > shown.length ? html`<li class="rest">${words.say("day_more", { n: runs.length - shown.length })}</li>` : nothing}
  </ul>`;
}

/** The same as a sentence, for screen readers. */
export const dayRunsText = (runs: readonly Run[], words: Words, format: Format): string =>
  inShort(runs)
    .map((run) => [headOf(run, words, format), causeOf(run)].filter(Boolean).join(". "))
    .join("; ");

/** Returns what went wrong before what went well, the newest first. */
function inShort(runs: readonly Run[]): Run[] {
  const good = (run: Run) => Number(run.result === "ok");
  return [...runs].sort((a, b) => good(a) - good(b) || b.started - a.started).slice(0, MOST);
}

const headOf = (run: Run, words: Words, format: Format): string =>
  [
    `${run.upid ? `${format.time(run.started)} ` : ""}${words.say(`result_${run.result}`)}`,
    run.by_hand ? words.say("by_hand") : run.job_name,
    run.size === null ? "" : format.size(run.size),
    run.duration === null || run.result === "running" ? "" : format.duration(run.duration),
  ]
    .filter(Boolean)
    .join(" · ");

const causeOf = (run: Run): string => {
  const cause = run.result === "ok" ? null : (run.cause ?? run.error);
  return cause ? sentence(cause) : "";
};
