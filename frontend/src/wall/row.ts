import { html, nothing, type TemplateResult } from "lit";
import { labelOf, noLastGood, type Row } from "../data/row";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { progressText } from "../model/progress";
import { badDays, textBelow } from "../model/status";
import { mark } from "../styles/look";
import { type Layout, STRIP_HEIGHT } from "./columns";
import { strip } from "./strip";

export interface RowView {
  layout: Layout;
  words: Words;
  format: Format;
  now: number;
  /** The cluster's name, where there is more than one. */
  server: string | undefined;
  sizes: (number | null)[] | undefined;
  /** Draws the sizes, once that is fetched. */
  sparkline: ((sizes: (number | null)[] | undefined) => TemplateResult) | undefined;
  /** The cell under the cursor, or -1. */
  day: number;
}

/** What a row says, in its columns, and to screen readers all of it. */
export function rowContent(row: Row, view: RowView): TemplateResult {
  const { layout, words, format, now } = view;
  const exact = (time: number | null) => (time === null ? "" : format.weekdayMoment(time));
  const last =
    row.lastSuccess === null && row.status !== "ignored" && row.status !== "paused"
      ? words.say(noLastGood(row))
      : format.relative(row.lastSuccess, now);
  // Where there is no room for all, the last good backup says more of a problem than size and next run.
  const instead = layout.narrow && row.problem !== false;
  return html`${mark(row.status)}
    <span class="name"><b>${row.name}</b> <small>${subtitle(row, view)}</small></span>
    ${strip(row.cells, layout.strip, STRIP_HEIGHT, view.day)}
    ${layout.spark ? (view.sparkline?.(view.sizes) ?? html`<span></span>`) : nothing}
    ${layout.copies ? copiesCell(row, words) : nothing}
    ${layout.size && !instead ? html`<span class="end num size" title=${sizeHint(row, words, format)}>${format.size(row.size)}</span>` : nothing}
    ${instead ? html`<span class="end num aside alone">${words.say("last")}: ${last}</span>` : nothing}
    ${layout.last ? html`<span class="end num aside" title=${exact(row.lastSuccess)}><span class="sr">${words.say("last_good")}: </span>${last}</span>` : nothing}
    ${layout.next && !instead ? html`<span class="end num aside" title=${exact(row.nextDue)}><span class="sr">${words.say("next_run")}: </span>${format.relative(row.nextDue, now)}</span>` : nothing}
    <span class="sr">${words.say("latest", { status: words.say(`status_${row.status}`) })}</span>
    ${below(row, view)}
    <span class="sr">${words.say("with_failures", { bad: badDays(row.cells), n: row.cells.length })}</span>`;
}

/** "3-2-1", and what is missing where somebody points at it. */
function copiesCell({ copies }: Row, words: Words): TemplateResult {
  if (!copies) return html`<span></span>`;
  const { has, state, missing } = copies;
  return html`<span class="end num aside copies ${state}" title=${missing}
    ><span class="sr">${words.say("copies")}: </span>${state === "ignored" ? "" : has}<span class="sr">${state === "below" ? missing : ""}</span></span
  >`;
}

/** What stands below a row: how far its run is, or why it is as it is. */
function below(row: Row, { layout, words, format }: RowView): TemplateResult | typeof nothing {
  const progress = progressText(row, words, format);
  if (progress) {
    return html`<span class="reason">${progress}</span
      ><span class="fill" aria-hidden="true" style="width:${row.progress?.percent ?? 0}%"></span>`;
  }
  const text = textBelow(row);
  return layout.reason && text ? html`<span class="reason">${text}</span>` : nothing;
}

/** "on nas, 2.3 GiB transferred" */
function sizeHint(row: Row, words: Words, format: Format): string {
  if (row.size === null) return "";
  const on = row.sizeOn ? words.say("size_on", { storage: row.sizeOn }) : "";
  const sent = row.transferred === null ? "" : words.say("size_sent", { size: format.size(row.transferred) });
  return [on, sent].filter(Boolean).join(", ");
}

function subtitle(row: Row, { server, words }: RowView): string {
  return [
    row.deleted ? words.say("deleted") : row.acknowledged ? words.say("silenced") : row.isNew ? words.say("new") : "",
    row.kind === "job" ? "" : labelOf(row),
    server ?? row.where,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Says what happened on a day: "Sun, Nov 22: OK, 36.1 GiB". */
export function daySentence(
  row: Row,
  day: string,
  cell: number,
  sizes: (number | null)[] | undefined,
  words: Words,
  format: Format,
): string {
  const letter = row.cells[cell] as "o" | undefined;
  const size = sizes?.[cell];
  const what = words.say(`cell_${letter ?? ("u" as never)}`);
  return `${format.day(day)}: ${what}${size ? `, ${format.size(size)}` : ""}`;
}
