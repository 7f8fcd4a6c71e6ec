import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { fetchMessageSetup, fetchStart } from "../data/commands";
import type { Checklist, MessageSetupInfo } from "../data/contract";
import { formatOf } from "../format";
import { fire } from "../ha/actions";
import { card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import { type Words, wordsOf } from "../i18n/words";
import { openMessages } from "../messages/open";
import { look } from "../styles/look";
import { summed } from "./sum";

const DECLINED = "proxmox-backup-checker-no-messages";
const EVERY = 60_000;

interface Item {
  done: boolean;
  text: string;
  note?: string;
  action?: TemplateResult;
}

/** The first days: what is watched, when the first proof comes, and what is left to do. It ends itself. */
export class StartCard extends HassElement {
  static override styles = [
    look,
    css`
      :host { display: block; }
      ha-card { padding: 14px 16px; }
      h2 { margin: 0; font-size: 16px; font-weight: 500; line-height: 1.4; }
      ul { list-style: none; margin: 10px 0 0; padding: 0; display: grid; gap: 2px 24px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); }
      li { display: flex; gap: 10px; align-items: center; min-height: 32px; }
      li > span:nth-child(2) { flex: 1; overflow-wrap: anywhere; }
      .tick { flex: none; width: 18px; height: 18px; border-radius: 50%; box-sizing: border-box; border: 2px solid var(--pbc-muted); display: grid; place-items: center; }
      .tick.done { border-color: var(--pbc-ok); background: var(--pbc-ok); }
      .tick svg { width: 12px; height: 12px; fill: none; stroke: #fff; stroke-width: 3; }
      small { color: var(--pbc-text2); font-size: 13px; }
      .strip { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
      .strip h2 { flex: 1 1 260px; }
      .plain { border-color: transparent; color: var(--pbc-text2); }
      a { font-weight: 500; text-decoration: none; }
      li .btn { height: 32px; }
    `,
  ];

  static override properties = {
    config: { attribute: false },
    clusters: { state: true },
    setup: { state: true },
    declined: { state: true },
  };

  config?: CardConfig;
  private clusters?: Checklist[];
  private setup?: MessageSetupInfo;
  private declined = localStorage.getItem(DECLINED) !== null;
  private automations = "";
  private loaded = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.load();
  }

  /** Home Assistant takes a hidden card off the page, and goes on giving it `hass`: that is when there may be news. */
  protected override shouldUpdate(changed: PropertyValues): boolean {
    if (changed.has("hass") && this.hass) {
      const automations = Object.values(this.hass.states)
        .filter((state) => state.entity_id.startsWith("automation."))
        .map((state) => `${state.entity_id}=${state.state}`)
        .join();
      if (automations !== this.automations || Date.now() - this.loaded > EVERY) {
        this.automations = automations;
        this.load();
      }
    }
    return super.shouldUpdate(changed);
  }

  private async load(): Promise<void> {
    if (!this.hass || !this.config) return;
    this.loaded = Date.now();
    try {
      const [start, setup] = await Promise.all([
        fetchStart(this.hass, this.config.server),
        fetchMessageSetup(this.hass),
      ]);
      this.clusters = start.clusters;
      this.setup = setup;
    } catch {
      // The other cards say what is wrong; an older integration knows nothing of this.
      this.clusters = undefined;
    }
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const content = this.renderContent();
    const hidden = content === nothing;
    if (this.hidden !== hidden) {
      this.hidden = hidden;
      const host = (this.getRootNode() as ShadowRoot).host;
      if (host instanceof HTMLElement) {
        host.hidden = hidden;
        fire(host, "card-visibility-changed", { value: !hidden });
      }
    }
    return content;
  }

  private renderContent() {
    if (!this.hass || !this.clusters?.length || !this.setup) return nothing;
    const words = wordsOf(this.hass);
    const sum = summed(this.clusters);
    if (sum.guests && !sum.proven) return this.renderFirstDay(sum, this.setup, words);
    const told = this.setup.automation?.on || this.declined;
    return told || this.setup.ask ? nothing : this.renderStrip(this.setup, words);
  }

  private renderFirstDay(sum: Checklist, setup: MessageSetupInfo, words: Words) {
    if (!this.hass) return nothing;
    const due = sum.first_due;
    const isToCome = due !== null && due > Date.now() / 1000;
    const when = isToCome ? formatOf(this.hass).upcoming(due) : "";
    const headline = [
      words.count("start_watching", sum.guests),
      isToCome ? words.say("start_first_proof", { when }) : words.say("start_no_proof"),
    ].join(" ");
    const items: Item[] = [
      {
        done: !sum.rights_missing,
        text: words.say("start_token"),
        ...(sum.rights_missing ? { action: html`<a href="/config/repairs">${words.say("open_repairs")}</a>` } : {}),
      },
      { done: !!sum.jobs, text: sum.jobs ? words.count("start_jobs", sum.jobs) : words.say("start_no_jobs") },
      {
        done: !sum.in_no_job,
        text: words.say("start_in_jobs", { n: sum.guests - sum.in_no_job, all: sum.guests }),
      },
      { done: false, text: words.say("start_first_backup"), note: when },
      {
        done: !!setup.automation?.on,
        text: words.say("start_messages"),
        ...(setup.automation?.on ? {} : { action: this.tellButton(words, setup) }),
      },
      {
        done: sum.agents >= sum.nodes,
        text: words.say("start_agents", { n: sum.agents, all: sum.nodes }),
        note: sum.agents ? "" : words.say("start_optional"),
      },
    ];
    return card(html`<h2>${headline}</h2>
      <ul>${items.map(renderItem)}</ul>`);
  }

  private renderStrip(setup: MessageSetupInfo, words: Words) {
    if (setup.automation) {
      return card(html`<div class="strip">
        <h2>${words.say("start_messages_off")}</h2>
        <a class="btn main" href="/config/automation/edit/${setup.automation.id}">${words.say("start_open_automation")}</a>
        ${this.declineButton(words)}
      </div>`);
    }
    return card(html`<div class="strip">
      <h2>${words.say("start_nobody_told")}</h2>
      ${this.tellButton(words, setup)} ${this.declineButton(words)}
    </div>`);
  }

  private tellButton(words: Words, setup: MessageSetupInfo): TemplateResult {
    return setup.ask
      ? html`<small>${words.say("tell_ask", { names: setup.ask.join(", ") || "–" })}</small>`
      : html`<button class="btn main" @click=${() => openMessages(this)}>${words.say("tell_me")}</button>`;
  }

  private declineButton = (words: Words): TemplateResult =>
    html`<button class="btn plain" @click=${this.decline}>${words.say("start_decline")}</button>`;

  private decline = (): void => {
    localStorage.setItem(DECLINED, "1");
    this.declined = true;
  };
}

const renderItem = ({ done, text, note, action }: Item): TemplateResult =>
  html`<li>
    <span class="tick ${done ? "done" : ""}" aria-hidden="true"
      >${done ? html`<svg viewBox="0 0 16 16"><path d="M3 8.5 6.5 12 13 4.5"></path></svg>` : nothing}</span
    ><span>${text}${note ? html` <small>${note}</small>` : nothing}</span>${action ?? nothing}
  </li>`;
