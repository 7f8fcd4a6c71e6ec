import { css, html, nothing, type TemplateResult } from "lit";
import type { RuleState, Status } from "../data/contract";
import type { Copy, Details, Offsite, Tally } from "../data/details-contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { mark } from "../styles/look";

/** Where a guest's restore points lie, how new each copy is, and whether they have come elsewhere in time. */
export function copiesPanel(details: Details, words: Words, format: Format): TemplateResult | typeof nothing {
  const { copies = [], offsite = null, tally = null } = details;
  if (!offsite && !tally?.rule && copies.length < 2 && !copies.some((copy) => copy.verified)) return nothing;
  return html`<section class="copies">
    <h3>${words.count("copies", copies.length)}</h3>
    ${tally?.rule && tally.rule.state !== "ignored" ? ruleLine(tally.rule) : nothing}
    ${offsite ? offsiteLine(offsite, tally?.rule?.missing ?? "", words) : nothing}
    ${tally ? figures(tally, words, format) : nothing}
    ${copies.length ? table(copies, words, format) : nothing}
  </section>`;
}

const MARKS: Record<RuleState, Status> = {
  met: "ok",
  below: "warning",
  pending: "pending",
  unknown: "unknown",
  ignored: "ignored",
};

const ruleLine = ({ name, state, missing }: NonNullable<Tally["rule"]>): TemplateResult =>
  html`<p class="offsite rule">${mark(MARKS[state])} <span>${missing.includes(name) ? missing : `${name}: ${missing}`}</span></p>`;

/** What is held of the copies elsewhere; what the rule has said already is not said again. */
function offsiteLine(offsite: Offsite, said: string, words: Words): TemplateResult {
  const more = offsite.problem ? offsite.findings : [];
  const isSaid = said.toLowerCase().endsWith(offsite.reason.toLowerCase()) || (said && offsite.status === "ignored");
  const told = [...(isSaid ? [] : [offsite.reason]), ...more];
  return html`${told.length ? html`<p class="offsite">${mark(offsite.status)} <span>${told.join(" ")}</span></p>` : nothing}
    ${offsite.problem && offsite.next_step ? html`<p class="step"><b>${words.say("next_step")}:</b> ${offsite.next_step}</p>` : nothing}`;
}

/** How many media and copies elsewhere there are, and how new the newest of each kind is. */
function figures(tally: Tally, words: Words, format: Format): TemplateResult {
  const number = ([least, most]: [number, number | null]) =>
    least === most ? `${least}` : least ? words.say("at_least", { n: least }) : "?";
  const when = (time: number | null) =>
    time === null ? words.say("none_of_them") : format.relative(time, undefined, "short");
  const rows: [string, string, number | null][] = [
    [words.say("copies_that_count"), number(tally.copies), null],
    [words.say("copies_media"), number(tally.media), null],
    [
      words.say("copies_offsite"),
      `${number(tally.offsite)}${tally.newest_offsite ? ` · ${when(tally.newest_offsite)}` : ""}`,
      tally.newest_offsite,
    ],
    [words.say("copies_verified"), when(tally.newest_verified), tally.newest_verified],
    [words.say("copies_locked"), when(tally.newest_locked), tally.newest_locked],
  ];
  return html`<dl>
    ${rows.map(([name, text, time]) => html`<div><dt>${name}</dt><dd class="num" title=${time ? format.moment(time) : ""}>${text}</dd></div>`)}
  </dl>`;
}

function table(copies: readonly Copy[], words: Words, format: Format): TemplateResult {
  return html`<div class="table"><table>
    <thead>
      <tr>
        <th scope="col">${words.say("copy_place")}</th>
        <th scope="col">${words.say("copy_newest")}</th>
        <th scope="col">${words.say("verified_here")}</th>
        <th scope="col" class="end">${words.say("restore_points")}</th>
      </tr>
    </thead>
    <tbody>
      ${copies.map(
        (copy) => html`<tr>
          <td class=${copy.counts === false ? "out" : ""}>${copy.name}${copy.stands === "elsewhere" ? html` <small class="away">${words.say("copy_elsewhere")}</small>` : nothing}
            ${notesOf(copy, words, format)}</td>
          <td class="num" title=${copy.newest ? format.moment(copy.newest) : ""}>${format.relative(copy.newest, undefined, "short")}</td>
          <td class="num">${checkOf(copy, words, format)}</td>
          <td class="end num">${copy.witness === "log" ? "–" : copy.count}</td>
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}

function checkOf(copy: Copy, words: Words, format: Format): string {
  if (copy.bad) return words.say("verification_failed");
  if (copy.verified) return format.moment(copy.verified);
  return copy.verified_elsewhere ? words.say("verified_at_source") : "–";
}

function notesOf(copy: Copy, words: Words, format: Format): TemplateResult | typeof nothing {
  const since = copy.unseen_since ? format.relative(copy.unseen_since, undefined, "short") : "";
  const notes = [
    copy.storages.length > 1 ? copy.storages.join(", ") : "",
    copy.witness === "log" ? words.say("copy_by_log") : "",
    copy.away ? words.say("copy_away") : since ? words.say("copy_unseen", { since }) : "",
    copy.counts === true ? "" : (copy.why ?? ""),
    copy.protected ? words.count("copy_protected", copy.protected) : "",
    copy.encrypted ? words.say("encrypted") : "",
  ].filter(Boolean);
  return notes.length ? html`<small class="note">${notes.join(" · ")}</small>` : nothing;
}

export const copiesStyles = css`
  .copies { margin-top: 16px; }
  .copies h3 { text-align: start; font-size: 13px; margin: 0 0 8px; }
  .copies .offsite { display: flex; gap: 8px; align-items: baseline; margin: 4px 0; }
  .copies dl { margin: 8px 0; }
  .copies .out { color: var(--pbc-text2); }
  .copies .step { margin: 0 0 8px; }
  .copies small { color: var(--pbc-text2); }
  .copies .note { display: block; }
`;
