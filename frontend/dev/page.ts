/** Shows the elements in every state; `?only=NAME` one of them, `?dark`, `?lang=de`. */

import "./stand-ins";
import "../src/main";
import "../src/rest";
import "../src/details/details-elements";
import "../src/dashboard/dashboard-elements";
import "../src/retention/retention-elements";
import "../src/survival/survival-elements";
import { COUNTS, DATASTORES, GUESTS, HEALTHY, healthy, manyGuests, NOW, server } from "./canned";
import { fakeHass, type World } from "./fake-hass";

const parameters = new URLSearchParams(location.search);
document.documentElement.lang = parameters.get("lang") ?? "en";
document.documentElement.classList.toggle("dark", parameters.has("dark"));
Date.now = () => NOW * 1000;

const old = NOW - 2 * 3600;
const lost = (state: "stale" | "unreachable" | "auth_failed" | "certificate" | "not_loaded" | "starting") =>
  server({ state, since: old, error: state === "stale" ? null : "Connection refused." });
const dimmed = GUESTS.map((row) => ({ ...row, cells: `${row.cells.slice(0, 28)}uu` }));

const WALLS: Record<string, [World, object?]> = {
  problems: [{}],
  healthy: [{ rows: HEALTHY, servers: [healthy()] }],
  loading: [{ refusal: "never" }],
  filtered: [{}, { filter: { status: ["failed", "overdue"] } }],
  "filter-empty": [{ rows: HEALTHY, servers: [healthy()] }, { filter: { status: ["failed"] } }],
  empty: [{ rows: [] }],
  "no-server": [{ rows: [], servers: [] }],
  "not-loaded": [{ refusal: { code: "unknown_command", message: "Unknown command." } }],
  stale: [{ servers: [lost("stale")], rows: dimmed }],
  "auth-failed": [{ servers: [lost("auth_failed")], rows: dimmed }],
  certificate: [{ servers: [lost("certificate")], rows: dimmed }],
  error: [{ refusal: { code: "home_assistant_error", message: "The history could not be read." } }],
  unreachable: [{ servers: [lost("unreachable")], rows: [] }],
  partial: [
    {
      servers: [server(), { ...lost("stale"), id: "e2", name: "offsite" }],
      rows: [...GUESTS.slice(0, 6), ...dimmed.slice(5, 8).map((row) => ({ ...row, id: row.id.replace("e1", "e2") }))],
    },
  ],
  starting: [{ servers: [lost("starting")], rows: [] }],
  many: [
    {
      rows: manyGuests(500),
      servers: [
        server({ counts: { ...COUNTS, warnings: 1, uncovered: 1, guests: 500, protected: 481, problems: 19 } }),
      ],
    },
  ],
  preview: [{}, { preview: true }],
  disconnected: [{ disconnected: true }],
  jobs: [{}, { group: "job", title: "Backup jobs" }],
};
const OTHERS: Record<string, [string, World?, object?]> = {
  compact: ["proxmox-backup-compact"],
  "compact-healthy": ["proxmox-backup-compact", { rows: HEALTHY, servers: [healthy()] }],
  badge: ["proxmox-backup-badge"],
  causes: ["proxmox-backup-causes"],
  datastores: ["proxmox-backup-datastores", { backups: DATASTORES }],
  "server-jobs": [
    "proxmox-backup-wall",
    { backups: DATASTORES },
    { group: "pbsjob", show: ["reason", "last", "next"] },
  ],
  clients: ["proxmox-backup-wall", { backups: DATASTORES }, { group: "group", show: ["reason", "size", "last"] }],
  storages: ["proxmox-backup-storages"],
  "if-died": ["proxmox-backup-if-died"],
  "next-runs": ["proxmox-backup-next-runs"],
  "problems-card": ["proxmox-backup-problems"],
};

type CardElement = HTMLElement & { hass: unknown; preview?: boolean; setConfig(config: object): void };

function show(name: string, element: HTMLElement): void {
  const frame = document.createElement("section");
  frame.id = name;
  frame.innerHTML = `<h6>${name}</h6>`;
  frame.append(element);
  document.getElementById("stage")?.append(frame);
}

function make(tag: string, world: World, config: object): HTMLElement {
  const element = document.createElement(tag) as CardElement;
  const { preview, ...settings } = config as { preview?: boolean };
  if (preview) element.preview = true;
  element.setConfig({ type: `custom:${tag}`, ...settings });
  element.hass = fakeHass({ language: document.documentElement.lang, ...world });
  return element;
}

function dialog(name: string, row: number, admin = true): void {
  const element = document.createElement("pbc-details-dialog") as HTMLElement & {
    hass: unknown;
    showDialog(params: object): void;
  };
  element.hass = fakeHass({ language: document.documentElement.lang, admin });
  const { id, name: title } = GUESTS[row] as (typeof GUESTS)[number];
  element.showDialog({ id, name: title });
  show(name, element);
}

const only = parameters.get("only")?.split(",");
const wanted = (name: string): boolean => !only || only.includes(name);
for (const [name, [world, config]] of Object.entries(WALLS))
  if (wanted(name)) show(name, make("proxmox-backup-wall", world, config ?? {}));
for (const [name, [tag, world, config]] of Object.entries(OTHERS))
  if (wanted(name)) show(name, make(tag, world ?? {}, config ?? {}));
if (wanted("retention")) {
  const element = document.createElement("pbc-tried-retention") as HTMLElement & { hass: unknown; job: object };
  element.hass = fakeHass({ language: document.documentElement.lang });
  element.job = { entry: "e1", job: "nightly", name: "Nightly" };
  show("retention", element);
}
if (wanted("details")) dialog("details", 0);
if (wanted("details-ok")) dialog("details-ok", 5);
if (wanted("details-guest-user")) dialog("details-guest-user", 0, false);

window.addEventListener("show-dialog", (event) =>
  console.log("show-dialog", JSON.stringify((event as CustomEvent).detail)),
);
