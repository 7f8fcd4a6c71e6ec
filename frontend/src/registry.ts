/** What users find in Home Assistant's dialogs: cards, the badge and the dashboard, with their names. */

import { DOMAIN } from "./data/contract";
import { pageWords } from "./ha/page-words";
import type { Hass } from "./ha/types";
import "./i18n/more";
import type { Key } from "./i18n/keys";
import { wordsOf } from "./i18n/words";

const DOCUMENTATION = "https://github.com/proxmox-backup-checker/proxmox-backup-checker";

/** The cards that users may pick, with the kinds of our entities for which Home Assistant suggests them. */
const CARDS: [type: string, name: Key, description: Key, kinds: RegExp][] = [
  ["proxmox-backup-wall", "wall_name", "wall_description", /^(guest|job|cluster)/],
  ["proxmox-backup-compact", "compact_name", "compact_description", /^(guests|cluster)/],
  ["proxmox-backup-storages", "storages_name", "storages_description", /^storage/],
  ["proxmox-backup-next-runs", "next_runs_name", "next_runs_description", /^job/],
  ["proxmox-backup-datastores", "datastores_name", "datastores_description", /^(server|datastore)_/],
  ["proxmox-backup-causes", "causes_name", "causes_description", /^cluster/],
  ["proxmox-backup-start", "start_name", "start_description", /^cluster_status/],
  ["proxmox-backup-if-died", "survival_name", "survival_description", /^worst_case/],
  ["proxmox-backup-activity", "activity_name", "activity_description", /^job/],
  ["proxmox-backup-digest", "digest_name", "digest_description", /^cluster/],
  ["proxmox-backup-problems", "problems_name", "problems_description", /_problem/],
];
const BADGES: typeof CARDS = [["proxmox-backup-badge", "badge_name", "badge_description", /^(guests|cluster)/]];

const described = ([type, name, description, kinds]: (typeof CARDS)[number]) => ({
  type,
  // Asked for when the user picks a card: only then is the page's language certain.
  get name() {
    return pageWords().say(name);
  },
  get description() {
    return pageWords().say(description);
  },
  preview: true,
  documentationURL: DOCUMENTATION,
  getEntitySuggestion: (hass: Hass, entityId: string) => {
    const entity = hass.entities[entityId];
    if (entity?.platform !== DOMAIN || !kinds.test(entity.translation_key ?? "")) return null;
    return { label: wordsOf(hass).say(name), config: { type: `custom:${type}` } };
  },
});

const page = window as unknown as Record<string, object[] | undefined>;
const add = (registry: string, entries: object[]) => {
  page[registry] = page[registry] ?? [];
  page[registry].push(...entries);
};
add("customCards", CARDS.map(described));
add("customBadges", BADGES.map(described));
add("customStrategies", [
  {
    type: "proxmox-backups",
    strategyType: "dashboard",
    get name() {
      return pageWords().say("strategy_name");
    },
    get description() {
      return pageWords().say("strategy_description");
    },
    documentationURL: DOCUMENTATION,
  },
]);
