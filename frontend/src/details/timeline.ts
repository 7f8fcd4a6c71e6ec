import { html, nothing, svg, type TemplateResult } from "lit";
import type { Run } from "../data/contract";
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
  choose: (cell: number) => void;
}

/** Returns a figure of each day, null where there is none: of the job that runs most often, so that they compare. */
export function dayFigures(runs: readonly Run[], end: string, days: number, figure: (run: Run) => number | null) {
  const figures: (number | null)[] = Array.from({ length: days }, () => null);
  const counts = new Map<string | null, number>();
  for (const run of runs) if (figure(run) !== null) counts.set(run.job_id, (counts.get(run.job_id) ?? 0) + 1);
  const often = (run: Run): number => counts.get(run.job_id) ?? 0;
  for (const run of [...runs].sort((a, b) => often(a) - often(b) || a.started - b.started)) {
    const cell = cellOfDay(end, days, run.day);
    if (cell >= 0 && cell < days && figure(run) !== null) figures[cell] = figure(run);
  }
  return figures;
}

/** The days of a guest or job: verdicts, sizes and durations below each other, a day in a column. */
export function timeline(view: TimelineView, words: Words, format: Format): TemplateResult {
  const { cells, end, width, runs } = view;
  const days = cells.length;
  const sizes = dayFigures(runs, end, days, (run) => run.size);
  const durations = dayFigures(runs, end, days, (run) => (run.result === "running" ? null : run.duration));
  const choose = (event: MouseEvent) => view.choose(cellUnder(event, event.currentTarget as Element, days));
  return html`<div class="timeline" style="width:${width}px" @click=${choose} aria-hidden="true">
    ${axis(end, days, width, words, format)} ${strip(cells, width, 26, view.chosen)}
    ${figures(words.say("size"), sizes, width, 44, view.chosen, (value) => format.size(value))}
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
