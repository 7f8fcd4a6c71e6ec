import { html, nothing, type TemplateResult } from "lit";
import type { Archive, Run } from "../data/details-contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { runMark } from "./run";

/** All runs, the newest first; those of a job with their nodes, those of a guest with their jobs. */
export function runsTable(
  ofJob: boolean,
  runs: readonly Run[],
  words: Words,
  format: Format,
  choose: (day: string) => void,
): TemplateResult {
  if (!runs.length) return html`<p class="none">${words.say("no_runs")}</p>`;
  const sent = runs.some((run) => run.transferred !== null);
  return html`<div class="table"><table>
    <thead>
      <tr>
        <th scope="col">${words.say("started")}</th>
        <th scope="col">${words.say("result")}</th>
        <th scope="col" class="end">${words.say("duration")}</th>
        <th scope="col" class="end">${words.say("size")}</th>
        ${sent ? html`<th scope="col" class="end">${words.say("transferred")}</th>` : nothing}
        <th scope="col">${words.say(ofJob ? "node" : "storage")}</th>
        ${ofJob ? nothing : html`<th scope="col">${words.say("run_by")}</th>`}
      </tr>
    </thead>
    <tbody>
      ${runs.map(
        (run) => html`<tr>
          <td class="num"><button class="link" @click=${() => choose(run.day)}>${format.moment(run.started)}</button></td>
          <td><span class="result">${runMark(run.result)} ${words.say(`result_${run.result}`)}</span></td>
          <td class="end num">${format.duration(run.duration)}</td>
          <td class="end num">${format.size(run.size)}</td>
          ${sent ? html`<td class="end num">${format.size(run.transferred)}</td>` : nothing}
          <td>${(ofJob ? run.node : run.storage) ?? "–"}</td>
          ${ofJob ? nothing : html`<td>${run.by_hand ? words.say("by_hand") : (run.job_name ?? "–")}</td>`}
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}

/** The archives that are there, the newest first. */
export function archivesTable(archives: readonly Archive[], words: Words, format: Format): TemplateResult {
  return html`<div class="table"><table>
    <thead>
      <tr>
        <th scope="col">${words.say("started")}</th>
        <th scope="col">${words.say("storage")}</th>
        <th scope="col" class="end">${words.say("size")}</th>
        <th scope="col"><span class="sr">${words.say("archive")}</span></th>
      </tr>
    </thead>
    <tbody>
      ${archives.map(
        (archive) => html`<tr>
          <td class="num" title=${archive.volid}>${format.moment(archive.ctime)}</td>
          <td>${archive.storage}</td>
          <td class="end num">${format.size(archive.size)}</td>
          <td class="aside">${marksOf(archive, words) || nothing}</td>
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}

function marksOf(archive: Archive, words: Words): string {
  const verified =
    archive.verification === "ok"
      ? words.say("verification_ok")
      : archive.verification === "failed"
        ? words.say("verification_failed")
        : "";
  return [
    archive.finished === null ? words.say("point_unproven") : "",
    verified,
    archive.protected ? words.say("protected_flag") : "",
    archive.encrypted ? words.say("encrypted") : "",
  ]
    .filter(Boolean)
    .join(", ");
}
