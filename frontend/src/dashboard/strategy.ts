import "../i18n/more";
import { fetchInfo } from "../data/commands";
import { DOMAIN, type Server } from "../data/contract";
import type { EntityEntry, Hass } from "../ha/types";
import { fetchWordsFor, type Words, wordsOf } from "../i18n/words";

type Card = Record<string, unknown>;

const MOST_LOGGED = 40;
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
  const { servers, backups } = await fetchInfo(hass.connection).then(
    (info) => ({ servers: info.entries, backups: info.backup_servers ?? [] }),
    () => ({ servers: [] as Server[], backups: [] as Server[] }),
  );
  const words = wordsOf(hass);
  const ours = Object.values(hass.entities).filter((entity) => entity.platform === DOMAIN && !entity.hidden);
  return {
    title: words.say("title"),
    views: [
      // Where there are backup servers only, their own views tell everything.
      ...(servers.length || !backups.length
        ? [overview(servers, backups, ours, words), problems(words), ifDied(servers, words)]
        : []),
      ...(servers.length > 1 ? servers.map((server) => cluster(server, ours, hass, words)) : []),
      ...backups.map((server) => backupServer(server, ours, hass, words)),
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

function overview(servers: Server[], backups: Server[], ours: EntityEntry[], words: Words): Card {
  const several = servers.length > 1;
  // A single cluster has no view of its own.
  const links = [...(several ? servers : []), ...backups].map(({ id }) => id);
  const digest = { type: "custom:proxmox-backup-digest", links, ...FULL };
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
          ...(several ? [digest] : []),
          { type: "custom:proxmox-backup-wall", title: words.say("guests"), ...FULL },
        ],
      },
      ...columns(words),
      {
        type: "grid",
        column_span: 3,
        cards: [{ type: "custom:proxmox-backup-wall", title: words.say("jobs"), group: "job", ...FULL }],
      },
      ...(several ? [] : [section(words.say("week"), "mdi:calendar-week", [digest], 3)]),
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

const ownOf = (server: Server, ours: EntityEntry[], hass: Hass): EntityEntry[] =>
  ours.filter((entity) => entity.device_id && hass.devices[entity.device_id]?.config_entries?.includes(server.id));

/** A backup server: what is wrong first, then its datastores, its jobs day by day, and the backups of clients. */
function backupServer(server: Server, ours: EntityEntry[], hass: Hass, words: Words): Card {
  const { id } = server;
  const own = ownOf(server, ours, hass);
  const wall = (group: string, title: string, show: string[]): Card => ({
    type: "grid",
    column_span: 3,
    cards: [{ type: "custom:proxmox-backup-wall", server: id, group, title, show, ...FULL }],
  });
  return {
    title: server.name,
    path: `server-${id}`,
    type: "sections",
    max_columns: 3,
    sections: [
      {
        type: "grid",
        column_span: 3,
        cards: [
          { type: "custom:proxmox-backup-causes", server: id, ...FULL },
          { type: "custom:proxmox-backup-datastores", server: id, ...FULL },
        ],
      },
      wall("pbsjob", words.say("jobs"), ["reason", "last", "next"]),
      wall("group", words.say("clients"), ["reason", "size", "last"]),
      section(words.say("next_runs"), "mdi:clock-outline", [
        { type: "custom:proxmox-backup-next-runs", server: id, group: "pbsjob" },
      ]),
      { type: "grid", cards: happenings(own, words) },
      ...calendar(own, words),
    ],
  };
}

function ifDied(servers: Server[], words: Words): Card {
  return {
    title: words.say("survival_view"),
    path: "if-died",
    icon: "mdi:lifebuoy",
    type: "sections",
    max_columns: 2,
    sections: [
      {
        type: "grid",
        column_span: 2,
        cards: servers.length
          ? servers.map(({ id, name }) => ({
              type: "custom:proxmox-backup-if-died",
              ...(servers.length > 1 ? { server: id, title: name } : {}),
              ...FULL,
            }))
          : [{ type: "custom:proxmox-backup-if-died", ...FULL }],
      },
    ],
  };
}

function cluster(server: Server, ours: EntityEntry[], hass: Hass, words: Words): Card {
  const own = ownOf(server, ours, hass);
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

/** What has happened on a backup server: its events. */
function happenings(entities: EntityEntry[], words: Words): Card[] {
  const events = ofDomain(entities, "event").slice(0, MOST_LOGGED);
  if (!events.length) return [];
  return [
    heading(words.say("happenings"), "mdi:format-list-bulleted"),
    { type: "logbook", target: { entity_id: events }, hours_to_show: 72 },
  ];
}
