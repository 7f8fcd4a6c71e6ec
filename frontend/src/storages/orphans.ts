import { html, nothing, type TemplateResult } from "lit";
import type { Orphans, Server } from "../data/contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";
import { namesOf } from "../wall/summary";

/** What guests have left that no longer exist, storage by storage; folded, for it is no problem. */
export function orphanList(
  found: Orphans[],
  servers: Server[],
  words: Words,
  format: Format,
): TemplateResult | typeof nothing {
  if (!found.length) return nothing;
  const names = namesOf(servers);
  const sizes = found.flatMap((storage) => storage.guests.map((guest) => guest.size));
  const size = format.size(sizes.reduce((all: number, size) => all + (size ?? 0), 0));
  const sum = sizes.includes(null) ? words.say("orphans_at_least", { size }) : size;
  return html`<details class="orphans">
    <summary>${sizes.some((known) => known !== null) ? words.say("orphans_sum", { size: sum }) : words.say("orphans")}</summary>
    ${found.map(
      ({ entry_id: entry, name, size, guests }) => html`<h3>
          <span>${name}${names.get(entry) ? html` <small>${names.get(entry)}</small>` : nothing}</span>
          <span class="num">${sizeText(size, words, format)}</span>
        </h3>
        <ul>${guests.map((guest) => orphan(guest, words, format))}</ul>`,
    )}
    <p>${words.say("orphans_hint")}</p>
  </details>`;
}

function orphan(guest: Orphans["guests"][number], words: Words, format: Format): TemplateResult {
  const said = [
    words.count("archives", guest.archives),
    guest.protected ? words.say("orphans_protected", { n: guest.protected }) : "",
    words.say("orphans_newest", { date: format.moment(guest.newest) }),
    guest.seen_here ? "" : words.say("orphans_foreign"),
  ];
  return html`<li>
    <b>${guest.name}${guest.name.endsWith(String(guest.vmid)) ? nothing : html` <small class="num">${guest.vmid}</small>`}</b>
    <span class="num">${sizeText(guest.size, words, format)}</span>
    <small>${said.filter(Boolean).join(" · ")}</small>
  </li>`;
}

const sizeText = (size: number | null, words: Words, format: Format): string =>
  size === null ? words.say("orphans_no_size") : format.size(size);
