import { html, nothing, type TemplateResult } from "lit";
import type { Counts, Server } from "../data/contract";
import type { Row } from "../data/row";
import type { Key } from "../i18n/keys";
import type { Words } from "../i18n/words";
import { BAD, GOOD, glyph } from "../styles/glyphs";

export interface Summary {
  tone: "ok" | "bad" | "warning" | "muted";
  text: string;
  detail: string;
}

/** Tells whether what is known of a server may be old. */
export const isLost = (server: Server): boolean => !["ok", "starting"].includes(server.state);

/** The names of servers by id, where there are several to tell apart. */
export const namesOf = (servers: readonly Server[]): Map<string, string> =>
  new Map(servers.length > 1 ? servers.map((server) => [server.id, server.name]) : []);

/** Says why nothing is listed: that there is nothing is known only of servers that are read. */
export function emptyText<K extends Key>(servers: readonly Server[], none: K): K | "reading" | "not_readable" {
  if (servers.every((server) => server.state === "ok")) return none;
  return servers.some((server) => !["ok", "starting"].includes(server.state)) ? "not_readable" : "reading";
}

export function totals(servers: readonly Server[]): Counts {
  const sum: Counts = {
    guests: 0,
    protected: 0,
    problems: 0,
    warnings: 0,
    uncovered: 0,
    unknown: 0,
    paused: 0,
    ignored: 0,
  };
  for (const { counts } of servers) {
    for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts?.[key] ?? 0;
  }
  return sum;
}

/**
 * Says in one line how things are: problems first, and never "all" where something is not, or cannot be seen.
 *
 * Nothing is summed up of servers that are not read.
 */
export function summarise(servers: readonly Server[], rows: readonly Row[], words: Words): Summary {
  const lost = servers.some((server) => isLost(server) || !server.counts);
  if (!servers.some((server) => server.counts)) {
    const starting = servers.length && servers.every((server) => server.state === "starting");
    return { tone: "muted", text: words.say(starting ? "reading" : "status_unknown"), detail: "" };
  }
  const counts = totals(servers);
  const causes = servers.reduce((sum, server) => sum + (server.causes ?? 0), 0);
  const share =
    counts.protected === counts.guests && !lost
      ? words.say("protected_count_all", { guests: counts.guests })
      : words.say("protected_count", { protected: counts.protected, guests: counts.guests });
  if (counts.problems) {
    const silenced = rows.filter((row) => row.problem === true && row.acknowledged && !row.deleted).length;
    const detail = [
      silenced ? words.say("silenced_count", { n: silenced }) : "",
      causes && causes !== counts.problems ? words.count("causes", causes) : "",
      share,
    ];
    return { tone: "bad", text: words.count("problems", counts.problems), detail: detail.filter(Boolean).join(" · ") };
  }
  // Of jobs, storages, copies or replicas: each is a problem, though every guest has its backup.
  if (causes) return { tone: "bad", text: words.count("problems", causes), detail: share };
  if (counts.unknown) return { tone: "muted", text: words.count("unseen", counts.unknown), detail: share };
  if (lost || (counts.guests && !counts.protected)) return { tone: "muted", text: share, detail: "" };
  return { tone: counts.warnings ? "warning" : "ok", text: share, detail: "" };
}

/** Counts what rows say themselves, where they are not all guests of the servers. */
export function summariseRows(rows: readonly Row[], words: Words): Summary | undefined {
  const there = rows.filter((row) => !row.deleted);
  const problems = there.filter((row) => row.problem === true).length;
  const unknown = there.filter((row) => row.problem === null).length;
  if (problems) return { tone: "bad", text: words.count("problems", problems), detail: "" };
  if (unknown) return { tone: "muted", text: words.count("unseen", unknown), detail: "" };
  return undefined;
}

export const summaryLine = (summary: Summary | undefined): TemplateResult | typeof nothing =>
  summary
    ? html`<p class="summary ${summary.tone}">
        ${glyph(summary.tone === "ok" || summary.tone === "warning" ? GOOD : BAD)}<b>${summary.text}</b>${
          summary.detail ? html`<span>${summary.detail}</span>` : nothing
        }
      </p>`
    : nothing;
