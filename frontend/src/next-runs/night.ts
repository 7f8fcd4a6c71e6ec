import { css, html, nothing, type TemplateResult } from "lit";
import type { Night, NightRun } from "../data/details-contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";

export const nightStyles = css`
  .night { padding: 8px 16px 10px; border-bottom: 1px solid var(--pbc-line); }
  .night h3 { margin: 0 0 6px; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px; font-size: 13px; font-weight: 500; }
  .night h3 span { font-weight: 400; color: var(--pbc-text2); }
  .night h3 .late { color: var(--pbc-edge); }
  .night .lane { display: grid; grid-template-columns: minmax(36px, auto) 1fr; gap: 8px; align-items: center; font-size: 11px; color: var(--pbc-text2); }
  .night .track { position: relative; height: 16px; border-radius: 4px; background: var(--pbc-soft); overflow: hidden; }
  .night .bar { position: absolute; top: 2px; bottom: 2px; min-width: 3px; border-radius: 3px; background: var(--primary-color, #0288d1); opacity: 0.85; }
  .night .bar.unknown { opacity: 0.4; }
  .night .bar.over { background: var(--pbc-warning); }
  .night .wait { position: absolute; top: 7px; height: 2px; background: var(--pbc-muted); }
  .night .by { position: absolute; top: 0; bottom: 0; width: 0; border-inline-start: 2px dashed var(--primary-text-color, #212121); }
  .night .axis { position: relative; height: 14px; font-variant-numeric: tabular-nums; }
  .night .axis span { position: absolute; white-space: nowrap; transform: translateX(-50%); }
  .night .axis span:first-child { transform: none; }
  .night .axis span:last-child { transform: translateX(-100%); }
  .night ul { list-style: none; margin: 6px 0 0; padding: 0; font-size: 12px; color: var(--pbc-text2); }
`;

const MOST_TOLD = 3;

/** Returns the moments that are written below the lines: both ends, and the user's time where it is not too near to them. */
function ticks(night: Night, last: number): number[] {
  const near = (last - night.begin) / 6;
  const by = night.done_by;
  const between = by !== null && by - night.begin > near && last - by > near ? [by] : [];
  return [night.begin, ...between, last];
}

/** The coming night as a line for each node: when which job is at work, who waits, and when all may be done. */
export function nightPanel(night: Night, words: Words, format: Format): TemplateResult {
  const last = Math.max(...night.runs.map((run) => run.end), night.done_by ?? 0);
  const width = Math.max(last - night.begin, 60);
  const at = (moment: number) => `${(100 * Math.min(Math.max(moment - night.begin, 0), width)) / width}%`;
  const share = (from: number, to: number) => `${(100 * Math.max(to - Math.max(from, night.begin), 0)) / width}%`;
  const nodes = [...new Set(night.runs.map((run) => run.node))].sort();
  const late = night.runs.some((run) => run.late);
  const clock = (moment: number) => format.time(moment);
  const sentence = (run: NightRun) =>
    words.say(run.gives_up ? "night_gives_up" : "night_run", {
      job: run.job ?? words.say("by_hand"),
      node: run.node,
      begin: clock(run.begin),
      end: clock(run.end),
    });
  return html`<section class="night">
    <h3>
      ${words.say("night")}
      <span class=${late ? "late" : ""}>${night.done === null ? nothing : words.say("night_done", { time: clock(night.done) })}</span>
    </h3>
    <div role="list">
      ${nodes.map(
        (node) => html`<div class="lane">
          <span>${node}</span>
          <div class="track">
            ${night.runs
              .filter((run) => run.node === node)
              .map(
                (run) =>
                  html`${
                    run.begin > run.slot
                      ? html`<span class="wait" style="left:${at(run.slot)};width:${share(run.slot, run.begin)}"></span>`
                      : nothing
                  }${
                    run.gives_up
                      ? html`<span class="sr" role="listitem">${sentence(run)}</span>`
                      : html`<span role="listitem" class="bar ${run.known ? "" : "unknown"} ${run.late ? "over" : ""}" title=${sentence(run)}
                        style="left:${at(run.begin)};width:${share(run.begin, run.end)}"><span class="sr">${sentence(run)}</span></span>`
                  }`,
              )}
            ${night.done_by === null ? nothing : html`<span class="by" style="left:${at(night.done_by)}"></span>`}
          </div>
        </div>`,
      )}
    </div>
    <div class="lane" aria-hidden="true">
      <span></span>
      <div class="axis">${ticks(night, last).map((moment) => html`<span style="left:${at(moment)}">${clock(moment)}</span>`)}</div>
    </div>
    ${
      night.told.length
        ? html`<ul>
          ${night.told.slice(0, MOST_TOLD).map((told) => html`<li><strong>${told.job}</strong> ${told.text}</li>`)}
          ${night.told.length > MOST_TOLD ? html`<li>${words.count("night_more", night.told.length - MOST_TOLD)}</li>` : nothing}
        </ul>`
        : nothing
    }
  </section>`;
}
