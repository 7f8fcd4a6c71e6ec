import "../i18n/more";
import { fetchInfo } from "../data/commands";
import { DOMAIN, type Server } from "../data/contract";
import type { EntityEntry, Hass } from "../ha/types";
import { fetchWordsFor, type Words, wordsOf } from "../i18n/words";

type Card = Record<string, unknown>;

const FULL = { grid_options: { columns: "full" } };
// Rows enough for the names of a day's runs.
const MONTH = { grid_options: { columns: "full", rows: 13 } };

export const suggestions = async (hass: Hass) => {
  await fetchWordsFor(hass);
  return { title: wordsOf(hass).say("title"), icon: "mdi:shield-check" };
};

/** Builds the dashboard: what is there, and what each cluster has; users need no YAML. */
export async function generate(hass: Hass): Promise<Card> {
  await fetchWordsFor(hass);
  // Without the integration the cards say so themselves, and go on by themselves.
  const servers = await fetchInfo(hass.connection).then(
    (info) => info.entries,
    () => [] as Server[],
  );
  const words = wordsOf(hass);
  const ours = Object.values(hass.entities).filter((entity) => entity.platform === DOMAIN && !entity.hidden);
  return {
    title: words.say("title"),
    views: [
      overview(servers, ours, words),
      problems(words),
      ...(servers.length > 1 ? servers.map((server) => cluster(server, ours, hass, words)) : []),
    ],
  };
}

const heading = (title: string, icon: string): Card => ({
  type: "heading",
  heading: title,
  heading_style: "title",
  icon,
});

const section = (title: string, icon: string, cards: Card[], span = 1): Card => ({
  type: "grid",
  column_span: span,
  cards: [heading(title, icon), ...cards],
});

function overview(servers: Server[], ours: EntityEntry[], words: Words): Card {
  const several = servers.length > 1;
  const week = section(words.say("week"), "mdi:calendar-week", [{ type: "custom:proxmox-backup-digest", ...FULL }], 3);
  return {
    title: words.say("overview"),
    path: "overview",
    icon: "mdi:shield-check",
    type: "sections",
    max_columns: 3,
    badges: [{ type: "custom:proxmox-backup-badge" }],
    sections: [
      {
        type: "grid",
        column_span: 3,
        cards: [
          { type: "custom:proxmox-backup-start", ...FULL },
          { type: "custom:proxmox-backup-causes", ...FULL },
          // Who watches many wants to know first how each is.
          ...(several ? [{ type: "custom:proxmox-backup-digest", links: true, ...FULL }] : []),
          { type: "custom:proxmox-backup-wall", title: words.say("guests"), ...FULL },
        ],
      },
      ...columns(words),
      {
        type: "grid",
        column_span: 3,
        cards: [{ type: "custom:proxmox-backup-wall", title: words.say("jobs"), group: "job", ...FULL }],
      },
      ...(several ? [] : [week]),
      ...calendar(ours, words),
    ],
  };
}

/** Three columns side by side: where backups go, what comes, and what has been. */
function columns(words: Words, server?: string): Card[] {
  const of = server ? { server } : {};
  return [
    section(words.say("storages"), "mdi:harddisk", [{ type: "custom:proxmox-backup-storages", ...of }]),
    section(words.say("next_runs"), "mdi:clock-outline", [{ type: "custom:proxmox-backup-next-runs", ...of }]),
    section(words.say("recent"), "mdi:history", [{ type: "custom:proxmox-backup-activity", ...of }]),
  ];
}

function problems(words: Words): Card {
  return {
    title: words.say("needs_attention"),
    path: "problems",
    icon: "mdi:shield-alert",
    type: "sections",
    max_columns: 2,
    sections: [{ type: "grid", column_span: 2, cards: [{ type: "custom:proxmox-backup-problems", ...FULL }] }],
  };
}

function cluster(server: Server, ours: EntityEntry[], hass: Hass, words: Words): Card {
  const own = ours.filter(
    (entity) => entity.device_id && hass.devices[entity.device_id]?.config_entries?.includes(server.id),
  );
  const { id } = server;
  return {
    title: server.name,
    path: `cluster-${id}`,
    type: "sections",
    max_columns: 3,
    badges: [{ type: "custom:proxmox-backup-badge", server: id }],
    sections: [
      {
        type: "grid",
        column_span: 3,
        cards: [
          { type: "custom:proxmox-backup-causes", server: id, ...FULL },
          { type: "custom:proxmox-backup-wall", server: id, title: words.say("guests"), ...FULL },
        ],
      },
      {
        type: "grid",
        column_span: 3,
        cards: [{ type: "custom:proxmox-backup-wall", server: id, title: words.say("jobs"), group: "job", ...FULL }],
      },
      ...columns(words, id),
      section(
        words.say("week"),
        "mdi:calendar-week",
        [{ type: "custom:proxmox-backup-digest", server: id, ...FULL }],
        3,
      ),
      ...calendar(own, words),
    ],
  };
}

const ofDomain = (entities: EntityEntry[], domain: string): string[] =>
  entities.map((entity) => entity.entity_id).filter((id) => id.startsWith(`${domain}.`));

/** On a phone the days of a month are dots that say nothing. */
const narrow = (): boolean => window.matchMedia("(max-width: 870px)").matches;

function calendar(entities: EntityEntry[], words: Words): Card[] {
  const calendars = ofDomain(entities, "calendar");
  if (!calendars.length) return [];
  return [
    section(
      words.say("calendar"),
      "mdi:calendar",
      [{ type: "calendar", entities: calendars, initial_view: narrow() ? "listWeek" : "dayGridMonth", ...MONTH }],
      3,
    ),
  ];
}
