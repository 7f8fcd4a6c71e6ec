/** Everything but the wall, fetched right after it: small elements whose code is fetched when they are first shown. */

import { MoreInfo } from "./details/more-info";
import { lazyCard } from "./ha/lazy-card";
import type { Hass } from "./ha/types";
import { MESSAGES_HASH } from "./messages/names";
import "./registry";

const LINE_FIELDS = ["title", "server", "navigation_path"];

const load = () => import("./dashboard/dashboard-elements");
const loadServer = () => import("./backup-server/server-elements");
const loadLines = () => import("./compact/line-elements");

/** Builds the dashboard "Proxmox backups". */
class BackupsStrategy extends HTMLElement {
  static noEditor = true;
  static registryDependencies = ["entities"] as const;

  static getCreateSuggestions = async (hass: Hass) => (await import("./dashboard/strategy")).suggestions(hass);

  static generate = async (_config: unknown, hass: Hass) => (await import("./dashboard/strategy")).generate(hass);
}

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "proxmox-backup-compact": lazyCard({
    tag: "pbc-compact",
    load: loadLines,
    size: 1,
    grid: { columns: 6, rows: 1, min_rows: 1 },
    fields: LINE_FIELDS,
  }),
  "proxmox-backup-badge": lazyCard({ tag: "pbc-badge", load: loadLines, size: 1, fields: LINE_FIELDS }),
  "proxmox-backup-storages": lazyCard({ tag: "pbc-storages", load, size: 4 }),
  "proxmox-backup-next-runs": lazyCard({
    tag: "pbc-next-runs",
    load,
    size: 4,
    fields: ["title", "server", "max_rows"],
  }),
  "proxmox-backup-datastores": lazyCard({
    tag: "pbc-datastores",
    load: loadServer,
    size: 6,
    grid: { columns: "full" },
  }),
  "proxmox-backup-causes": lazyCard({ tag: "pbc-causes", load, size: 3, grid: { columns: "full" } }),
  "proxmox-backup-start": lazyCard({ tag: "pbc-start", load, size: 1, grid: { columns: "full" } }),
  "proxmox-backup-if-died": lazyCard({
    tag: "pbc-survival",
    load: () => import("./survival/survival-elements"),
    size: 8,
    grid: { columns: "full" },
  }),
  "proxmox-backup-activity": lazyCard({
    tag: "pbc-activity",
    load,
    size: 5,
    fields: ["title", "server", "max_rows"],
  }),
  "proxmox-backup-digest": lazyCard({ tag: "pbc-digest", load, size: 2, grid: { columns: "full" } }),
  "proxmox-backup-problems": lazyCard({ tag: "pbc-problems", load, size: 8, grid: { columns: "full" } }),
  "pbc-more-info": MoreInfo,
  "ll-strategy-dashboard-proxmox-backups": BackupsStrategy,
};

for (const [tag, element] of Object.entries(ELEMENTS)) customElements.define(tag, element);

/** The set-up links here: its link is an address that any page may have. */
const follow = async (): Promise<void> => {
  if (location.hash === MESSAGES_HASH) (await import("./messages/open")).openFromAddress();
};
window.addEventListener("location-changed", follow);
window.addEventListener("hashchange", follow);
follow();
