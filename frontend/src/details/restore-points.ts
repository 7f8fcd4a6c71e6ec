import { css, html, nothing, svg, type TemplateResult } from "lit";
import type { Archive } from "../data/details-contract";
import type { Format } from "../format";
import type { Words } from "../i18n/words";

export const restorePointsStyles = css`
  .points { border-top: 1px solid var(--pbc-line); margin-top: 12px; padding-top: 12px; }
  .points h3 { text-align: start; font-size: 13px; margin: 0 0 8px; }
  .points ul { list-style: none; margin: 0; padding: 0; }
  .points li { color: inherit; margin: 0 0 10px; }
  .points .place { justify-content: space-between; flex-wrap: wrap; font-size: 12px; }
  .points .told { margin: 8px 0 0; font-size: 13px; color: var(--pbc-text2); }
  .points svg { display: block; overflow: visible; }
  .points line { stroke: var(--pbc-line); }
  .points text { font-size: 11px; fill: var(--pbc-text2); }
  .points circle { fill: var(--pbc-ok); stroke: var(--card-background-color, #fff); stroke-width: 1; }
  .points .unproven { fill: none; stroke: var(--pbc-muted); stroke-width: 2; }
  .points .bad { fill: var(--pbc-bad); }
  .points .kept { fill: none; stroke: var(--primary-text-color, #212121); stroke-width: 1.5; }
`;

const HOUR = 3600;
const DAY = 24 * HOUR;
const MARKS = [DAY, 7 * DAY, 30 * DAY, 365 * DAY];
const HEIGHT = 24;
const EDGE = 8;

/**
 * Returns where a moment lies on the line: today at the right end, and the longer ago the closer together, as archives are kept.
 */
export function placeOf(age: number, oldest: number, width: number): number {
  const log = (seconds: number) => Math.log2(1 + Math.max(0, seconds) / (6 * HOUR));
  return EDGE + (width - 2 * EDGE) * (1 - log(age) / Math.max(log(oldest), log(DAY)));
}

/** From what a guest could be restored: where it lies, how old, what is known of it, and what restores have proven. */
export function restorePoints(
  archives: readonly Archive[],
  told: readonly string[],
  width: number,
  words: Words,
  format: Format,
  now = Date.now() / 1000,
): TemplateResult | typeof nothing {
  if (!archives.length) return nothing;
  const oldest = now - Math.min(...archives.map((archive) => archive.ctime));
  const places = new Map<string, Archive[]>();
  for (const archive of archives) places.set(archive.storage, [...(places.get(archive.storage) ?? []), archive]);
  return html`<section class="points">
    <h3>${words.count("points", archives.length)}</h3>
    <ul>
      ${[...places].map(
        ([storage, there]) => html`<li>
          <span class="place"><b>${storage}</b><span>${factsOf(there, words, format, now)}</span></span>
          ${width ? line(there, oldest, width, now) : nothing}
        </li>`,
      )}
    </ul>
    ${width ? axis(oldest, width, words, format) : nothing}
    ${told.map((sentence) => html`<p class="told">${sentence}</p>`)}
  </section>`;
}

function factsOf(archives: readonly Archive[], words: Words, format: Format, now: number): string {
  const times = archives.map((archive) => archive.ctime);
  const count = (
    key: "points_verified" | "points_protected" | "points_unproven",
    is: (archive: Archive) => boolean,
  ) => {
    const n = archives.filter(is).length;
    return n ? words.say(key, { n }) : "";
  };
  return [
    words.say("points_span", {
      n: archives.length,
      newest: format.relative(Math.max(...times), now),
      oldest: format.day(new Date(Math.min(...times) * 1000).toISOString().slice(0, 10), {
        day: "numeric",
        month: "short",
        year: "numeric",
      }),
    }),
    count("points_verified", (archive) => archive.verification === "ok"),
    count("points_protected", (archive) => archive.protected),
    count("points_unproven", (archive) => archive.finished === null),
  ]
    .filter(Boolean)
    .join(" · ");
}

function line(archives: readonly Archive[], oldest: number, width: number, now: number): TemplateResult {
  const middle = HEIGHT / 2;
  return html`<svg width=${width} height=${HEIGHT} aria-hidden="true">
    <line x1="0" x2=${width} y1=${middle} y2=${middle}></line>
    ${archives.map((archive) => {
      const x = placeOf(now - archive.ctime, oldest, width);
      const tone = archive.verification === "failed" ? "bad" : archive.finished === null ? "unproven" : "";
      return svg`<circle class=${tone} cx=${x} cy=${middle} r="4.5"></circle>
        ${archive.protected ? svg`<circle class="kept" cx=${x} cy=${middle} r="7.5"></circle>` : nothing}`;
    })}
  </svg>`;
}

function axis(oldest: number, width: number, words: Words, format: Format): TemplateResult {
  const shown = MARKS.filter((age) => age < oldest * 0.9);
  const ago = new Intl.RelativeTimeFormat(format.language, { numeric: "always", style: "short" });
  const label = (age: number) =>
    age < 2 * DAY
      ? ago.format(-1, "day")
      : age < 30 * DAY
        ? ago.format(-1, "week")
        : age < 365 * DAY
          ? ago.format(-1, "month")
          : ago.format(-1, "year");
  return html`<svg width=${width} height="14" aria-hidden="true">
    ${shown.map((age) => svg`<text x=${placeOf(age, oldest, width)} y="11" text-anchor="middle">${label(age)}</text>`)}
    <text x=${width} y="11" text-anchor="end">${words.say("today")}</text>
  </svg>`;
}
