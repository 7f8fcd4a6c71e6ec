/** The dashboard of Proxmox Backup Checker: cards, a badge, dialogs and a dashboard that builds itself. */

import { SummaryBadge } from "./compact/badge";
import { CompactCard } from "./compact/compact-card";
import { DOMAIN } from "./data/contract";
import { MoreInfo } from "./details/more-info";
import { lazyCard } from "./ha/lazy-card";
import { pageWords } from "./ha/page-words";
import type { Hass } from "./ha/types";
import { type Key, wordsOf } from "./i18n/words";
import { BackupWall } from "./wall/wall-card";

const DOCUMENTATION = "https://github.com/proxmox-backup-checker/proxmox-backup-checker";

const load = () => import("./dashboard/elements");

/** Builds the dashboard "Proxmox backups". */
class BackupsStrategy extends HTMLElement {
  static noEditor = true;
  static registryDependencies = ["entities"] as const;

  static getCreateSuggestions = (hass?: Hass) => ({
    title: (hass ? wordsOf(hass) : pageWords()).say("title"),
    icon: "mdi:shield-check",
  });

  static generate = async (_config: unknown, hass: Hass) => (await import("./dashboard/strategy")).generate(hass);
}

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "proxmox-backup-wall": BackupWall,
  "proxmox-backup-compact": CompactCard,
  "proxmox-backup-badge": SummaryBadge,
  "proxmox-backup-storages": lazyCard({ tag: "pbc-storages", load, size: 4 }),
  "proxmox-backup-next-runs": lazyCard({
    tag: "pbc-next-runs",
    load,
    size: 4,
    fields: ["title", "server", "max_rows"],
  }),
  "proxmox-backup-problems": lazyCard({ tag: "pbc-problems", load, size: 8, columns: "full" }),
  "pbc-more-info": MoreInfo,
  "ll-strategy-dashboard-proxmox-backups": BackupsStrategy,
};

/** The cards that users may pick, with the kinds of our entities for which Home Assistant suggests them. */
const CARDS: [type: string, name: Key, description: Key, kinds: RegExp][] = [
  ["proxmox-backup-wall", "wall_name", "wall_description", /^(guest|job|cluster)/],
  ["proxmox-backup-compact", "compact_name", "compact_description", /^(guests|cluster)/],
  ["proxmox-backup-storages", "storages_name", "storages_description", /^storage/],
  ["proxmox-backup-next-runs", "next_runs_name", "next_runs_description", /^job/],
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

function register(): void {
  // A page may load this twice, as a module of the integration and as a resource.
  if (customElements.get("proxmox-backup-wall")) return;
  for (const [tag, element] of Object.entries(ELEMENTS)) customElements.define(tag, element);
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
}

register();
