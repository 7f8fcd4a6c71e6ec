/**
 * The dashboard in a page of its own: the integration's bundle as it is shipped, on recorded answers.
 *
 * `?lang=de` and `?dark` choose how it looks. What would change something says that this is a recording.
 */

const parameters = new URLSearchParams(location.search);
const language = parameters.get("lang") === "de" ? "de" : "en";
const dark = parameters.has("dark") || (!parameters.has("light") && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.lang = language;
document.documentElement.classList.toggle("dark", dark);

const answers = await (await fetch(new URL("answers.json", import.meta.url))).json();
const told = answers.languages[language];
const RECORDED =
  language === "de" ? "Das ist eine Aufzeichnung: Hier wird nichts geändert." : "This is a recording: nothing is changed here.";

// The page stays at the moment of the recording.
const now = answers.now * 1000;
Date.now = () => now;

/** Returns of an answer what is of one cluster or server. */
function of(only, answer) {
  if (!only) return answer;
  const isOf = (item) => (item.entry_id ?? item.id)?.split("/")[0] === only;
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [name, Array.isArray(value) ? value.filter(isOf) : value]),
  );
}

/** Answers as the integration did. */
const connection = {
  connected: true,
  subscribeMessage: async (callback, { group, entry_id: only }) => {
    callback(of(only, told.walls[group]));
    return async () => undefined;
  },
  sendMessagePromise: async (message) => {
    const { ids = [], row, upid, vmid, died = "", entry_id: only } = message;
    const command = message.type.split("/")[1];
    switch (command) {
      case "info":
        return answers.info;
      case "sizes":
        return Object.fromEntries(ids.map((id) => [id, answers.sizes[id] ?? []]));
      case "runs":
        return told.runs[row] ?? Promise.reject({ code: "not_found", message: RECORDED });
      case "log":
        return answers.logs[[upid, vmid].filter(Boolean).join(" ")] ?? Promise.reject({ code: "x", message: RECORDED });
      case "start":
        return { clusters: [] };
      case "messages":
        return { automation: { entity_id: "automation.told", id: "told", on: true } };
      case "survival":
        return told.survival[died] ?? told.survival[""];
      default:
        return told[command] ? of(only, told[command]) : Promise.reject({ code: "unknown_command", message: RECORDED });
    }
  },
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};
const refuse = async () => Promise.reject({ code: "x", message: RECORDED });
const hass = {
  connection,
  locale: { language, number_format: "language", time_format: "24", time_zone: "server" },
  language,
  config: { time_zone: told.walls.guest.tz },
  user: { is_admin: true },
  entities: {},
  devices: {},
  states: {},
  services: { proxmox_backup_checker: { acknowledge: {} } },
  callService: refuse,
  callApi: refuse,
};

/** Stands in for the few elements of Home Assistant's that the cards use. */
function define(tag, styles, content, base = HTMLElement) {
  customElements.define(
    tag,
    class extends base {
      constructor() {
        super();
        this.attachShadow({ mode: "open" }).innerHTML = `<style>${styles}</style>${content}`;
      }
    },
  );
}
define(
  "ha-card",
  ":host{display:block;background:var(--card-background-color);border:1px solid var(--divider-color);border-radius:12px}",
  "<slot></slot>",
);
define(
  "ha-alert",
  ":host{display:flex;justify-content:space-between;align-items:center;gap:8px;padding:8px 12px;border-radius:4px;background:color-mix(in srgb,var(--t) 12%,transparent);--t:var(--info-color)}:host([alert-type=warning]){--t:var(--warning-color)}:host([alert-type=error]){--t:var(--error-color)}",
  "<div><slot></slot></div><slot name=action></slot>",
);
define("ha-icon", ":host{display:none}", "");
define(
  "ha-badge",
  ":host{display:inline-flex;gap:8px;align-items:center;height:36px;padding:0 12px;border-radius:18px;border:1px solid var(--divider-color);background:var(--card-background-color);font-size:12px;font-weight:500;cursor:pointer}",
  "<slot name=icon></slot><slot></slot>",
);

/** A dialog of the browser's own, which keeps the focus and closes with Escape. */
customElements.define(
  "ha-adaptive-dialog",
  class extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({ mode: "open" }).innerHTML =
        '<style>header{display:flex;align-items:center;gap:12px;padding:12px 16px;position:sticky;top:0;background:var(--card-background-color);z-index:1}h1{font-size:20px;font-weight:500;margin:0}button{all:unset;width:36px;height:36px;display:grid;place-items:center;border-radius:50%;cursor:pointer;font-size:22px}button:focus-visible{outline:2px solid var(--primary-color)}div{padding:0 24px 24px}</style><header><button aria-label="×">×</button><h1></h1></header><div><slot></slot></div>';
    }
    connectedCallback() {
      this.shadowRoot.querySelector("h1").textContent = this.getAttribute("header-title");
      this.shadowRoot.querySelector("button").onclick = () => this.closest("dialog")?.close();
    }
  },
);

addEventListener("show-dialog", async ({ detail }) => {
  await detail.dialogImport();
  const [frame, dialog] = [document.createElement("dialog"), document.createElement(detail.dialogTag)];
  dialog.hass = hass;
  dialog.showDialog(detail.dialogParams);
  frame.append(dialog);
  frame.onclick = (event) => event.target === frame && frame.close();
  frame.onclose = () => frame.remove();
  document.body.append(frame);
  frame.showModal();
});
addEventListener("hass-notification", ({ detail }) => say(detail.message));
// Nothing of Home Assistant is there to go to.
document.addEventListener("click", (event) => {
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
  if (!link) return;
  event.preventDefault();
  say(RECORDED);
});

let saying;
function say(message) {
  const toast = document.getElementById("toast");
  toast.textContent = message;
  clearTimeout(saying);
  saying = setTimeout(() => {
    toast.textContent = "";
  }, 4000);
}

await import(new URL("bundle/proxmox-backup-checker.js", import.meta.url));
const dashboard = await customElements.whenDefined("ll-strategy-dashboard-proxmox-backups");
const { views } = await dashboard.generate({}, hass);

function card(config) {
  if (config.type === "heading") {
    const heading = document.createElement("h2");
    heading.textContent = config.heading;
    return heading;
  }
  const [custom, tag] = config.type.split(":");
  if (custom !== "custom") return "";
  const element = document.createElement(tag);
  element.setConfig(config);
  element.hass = hass;
  return element;
}

function section({ cards, column_span: span = 1 }) {
  const element = document.createElement("section");
  element.className = span > 1 ? "wide" : "";
  element.append(...cards.map(card));
  return element;
}

function show(view) {
  const badges = document.createElement("div");
  badges.className = "badges";
  badges.append(...(view.badges ?? []).map(card));
  document.getElementById("view").replaceChildren(badges, ...view.sections.map(section));
  for (const tab of document.querySelectorAll("nav button"))
    tab.setAttribute("aria-selected", String(tab.dataset.path === view.path));
}

document.getElementById("views").append(
  ...views.map((view) => {
    const tab = document.createElement("button");
    tab.setAttribute("role", "tab");
    tab.dataset.path = view.path;
    tab.textContent = view.title;
    tab.onclick = () => show(view);
    return tab;
  }),
);
show(views[0]);
