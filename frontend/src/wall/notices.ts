import "../i18n/more";
import { css, html, nothing, type TemplateResult } from "lit";
import { DOMAIN, type Group, type Server } from "../data/contract";
import type { WallState } from "../data/wall-store";
import type { Format } from "../format";
import { alert, icon } from "../ha/elements";
import type { Words } from "../i18n/words";

const INTEGRATION = `/config/integrations/integration/${DOMAIN}`;
const ADD_SERVER = `/config/integrations/dashboard/add?domain=${DOMAIN}`;
const SEVERITY = {
  stale: "warning",
  unreachable: "error",
  auth_failed: "error",
  certificate: "error",
  not_loaded: "warning",
  starting: "info",
  asleep: "info",
} as const;

const styles = css`
  .notices { display: flex; flex-direction: column; gap: 8px; padding: 0 16px; }
  .notices:has(*) { padding-bottom: 10px; }
  .blank { display: flex; flex-direction: column; align-items: center; gap: 4px; padding: 20px 24px 28px; text-align: center; color: var(--pbc-text2); --mdc-icon-size: 36px; }
  .blank p { margin: 0; max-width: 44ch; }
  .blank-title { color: var(--primary-text-color, #212121); font-weight: 500; margin-top: 6px !important; }
  .blank .btn { margin-top: 12px; }
`;

/** Says above the rows what makes them less than they seem: old data, a lost server, an old bundle. */
export function notices(state: WallState, words: Words, format: Format, retry: () => void): TemplateResult {
  const troubled = state.servers.filter((server) => server.state !== "ok");
  return html`<style>
      ${styles.cssText}
    </style>
    <div class="notices">
    ${
      state.outdated
        ? alert(
            "info",
            words.say("outdated"),
            html`<button @click=${() => location.reload()}>${words.say("reload")}</button>`,
          )
        : nothing
    }
    ${state.connected ? nothing : alert("info", words.say("disconnected"))}
    ${state.phase === "failed" && state.rows.length ? loadError(state, words, retry) : nothing}
    ${troubled.map((server) => serverNotice(server, words, format))}
  </div>`;
}

function serverNotice(server: Server, words: Words, format: Format): TemplateResult | typeof nothing {
  if (server.state === "ok") return nothing;
  const text = words.say(`server_${server.state}`, {
    name: server.name,
    error: server.error ?? "",
    when: format.relative(server.since, undefined, "long"),
  });
  const link =
    server.state === "certificate"
      ? html`<a href="/config/repairs">${words.say("open_repairs")}</a>`
      : server.state === "auth_failed" || server.state === "not_loaded"
        ? html`<a href=${INTEGRATION}>${words.say("open_integration")}</a>`
        : nothing;
  return alert(SEVERITY[server.state], text.trim(), link);
}

export const loadError = (state: WallState, words: Words, retry: () => void): TemplateResult =>
  alert(
    "error",
    words.say("error_load", { error: state.error }),
    html`<button @click=${retry}>${words.say("again")}</button>`,
  );

/** What stands where nothing can be listed. */
export function blank(
  picture: string,
  title: string,
  hint: string,
  link: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  return html`<div class="blank">
    ${icon(picture)}
    <p class="blank-title">${title}</p>
    <p>${hint}</p>
    ${link}
  </div>`;
}

export const noServer = (words: Words): TemplateResult =>
  blank(
    "mdi:server-plus",
    words.say("no_server"),
    words.say("no_server_hint"),
    html`<a class="btn" href=${ADD_SERVER}>${words.say("no_server_link")}</a>`,
  );

export const notLoaded = (words: Words): TemplateResult =>
  blank(
    "mdi:progress-clock",
    words.say("not_loaded"),
    words.say("not_loaded_hint"),
    html`<a class="btn" href=${INTEGRATION}>${words.say("not_loaded_link")}</a>`,
  );

export const noMatch = (words: Words, reset: (() => void) | undefined): TemplateResult =>
  blank(
    "mdi:filter-off-outline",
    words.say("empty_filter"),
    "",
    reset ? html`<button class="btn" @click=${reset}>${words.say("reset")}</button>` : nothing,
  );

/** What stands in place of the rows, if anything. */
export function instead(
  state: WallState,
  group: Group,
  words: Words,
  retry: () => void,
): TemplateResult | typeof nothing | undefined {
  const { phase, rows, servers } = state;
  if (phase === "not_loaded") return notLoaded(words);
  if (rows.length) return undefined;
  if (phase === "failed") return html`<div class="notices">${loadError(state, words, retry)}</div>`;
  if (!servers.length) return noServer(words);
  if (servers.every((server) => server.state !== "ok")) return nothing;
  return blank("mdi:backup-restore", words.say(`empty_${group}s`), words.say(`empty_${group}s_hint`));
}
