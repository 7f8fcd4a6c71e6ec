import { html, nothing, svg, type TemplateResult } from "lit";
import type { Details, Run } from "../data/details-contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { cellOfDay } from "../model/days";
import { axis } from "../wall/head";
import { cellBox, cellUnder, strip } from "../wall/strip";

export interface TimelineView {
  cells: string;
  end: string;
  width: number;
  /** The chosen cell. */
  chosen: number;
  runs: readonly Run[];
  sizes: Details["sizes"];
  choose: (cell: number) => void;
}

/** Returns how long the backups of each day took, null where there is none: of the job that runs most often, so that they compare. */
export function dayDurations(runs: readonly Run[], end: string, days: number): (number | null)[] {
  const durations: (number | null)[] = Array.from({ length: days }, () => null);
  const counts = new Map<string | null, number>();
  const ended = runs.filter((run) => run.result !== "running" && run.duration !== null);
  for (const run of ended) counts.set(run.job_id, (counts.get(run.job_id) ?? 0) + 1);
  const often = (run: Run): number => counts.get(run.job_id) ?? 0;
  for (const run of [...ended].sort((a, b) => often(a) - often(b) || a.started - b.started)) {
    const cell = cellOfDay(end, days, run.day);
    if (cell >= 0 && cell < days) durations[cell] = run.duration;
  }
  return durations;
}

/** The days of a guest or job: verdicts, sizes and durations below each other, a day in a column. */
export function timeline(view: TimelineView, words: Words, format: Format): TemplateResult {
  const { cells, end, width, runs } = view;
  const days = cells.length;
  const { storage, sizes, transferred } = view.sizes;
  const durations = dayDurations(runs, end, days);
  const choose = (event: MouseEvent) => view.choose(cellUnder(event, event.currentTarget as Element, days));
  return html`<div class="timeline" style="width:${width}px" @click=${choose} aria-hidden="true">
    ${axis(end, days, width, words, format)} ${strip(cells, width, 26, view.chosen)}
    ${figures(storage ? words.say("size_on_storage", { storage }) : words.say("size"), sizes, width, 44, view.chosen, (value) => format.size(value))}
    ${figures(words.say("transferred"), transferred, width, 30, view.chosen, (value) => format.size(value))}
    ${figures(words.say("duration"), durations, width, 30, view.chosen, (value) => format.duration(value))}
  </div>`;
}

function figures(
  title: string,
  values: (number | null)[],
  width: number,
  height: number,
  chosen: number,
  write: (value: number) => string,
): TemplateResult | typeof nothing {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  if (!most) return nothing;
  return html`<div class="figures">
    <span class="figures-title">${title}<b class="num">${write(most)}</b></span>
    <svg width=${width} height=${height}>
      <line x1="0" x2=${width} y1="0.5" y2="0.5"></line>
      ${values.map((value, index) => {
        if (!value) return nothing;
        const { x, w } = cellBox(index, values.length, width);
        const h = Math.max(1.5, (value / most) * (height - 1));
        return svg`<rect class=${index === chosen ? "chosen" : ""} x=${x} y=${height - h} width=${w} height=${h} rx="1"></rect>`;
      })}
    </svg>
  </div>`;
}
