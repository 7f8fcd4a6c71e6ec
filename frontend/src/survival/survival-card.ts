import { html, nothing } from "lit";
import { fetchInfo, fetchSurvival } from "../data/commands";
import type { Death, GuestLeft, Left, Status, Survival } from "../data/contract";
import { Polled } from "../data/polled";
import { openDetails } from "../details/open";
import { formatOf } from "../format";
import { alert, card } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import type { Key } from "../i18n/keys";
import { type Words, wordsOf } from "../i18n/words";
import { look, mark } from "../styles/look";
import { namesOf } from "../wall/summary";
import { survivalStyles } from "./styles";

const OPTIONS = "/config/integrations/integration/proxmox_backup_checker";
/** What is left, the worst first, with the status whose mark it has. */
const MARKS: Record<Left, Status> = { none: "failed", unknown: "unknown", copy: "ok", lives: "ignored" };
const KINDS: Death["kind"][] = ["node", "storage", "place"];

/** What would be left of each guest if a node, a storage or a house died: choose one, and see, the worst first. */
export class SurvivalCard extends HassElement {
  static override styles = [look, survivalStyles];

  static override properties = {
    config: { attribute: false },
    died: { state: true },
  };

  config?: CardConfig;
  private died?: string;
  private readonly found = new Polled(this, async (hass, server) => {
    const [survival, info] = await Promise.all([fetchSurvival(hass, server, this.died), fetchInfo(hass.connection)]);
    return { survival, servers: info.entries };
  });

  protected override willUpdate(): void {
    if (this.hass && this.config) this.found.watch(this.hass, this.config.server);
  }

  private choose(key: string): void {
    this.died = key;
    this.found.load();
  }

  protected override render() {
    if (!this.hass || !this.config) return nothing;
    const words = wordsOf(this.hass);
    const title = this.config.title ? html`<h2>${this.config.title}</h2>` : nothing;
    const { answer, error } = this.found;
    const retry = html`<button @click=${this.found.load}>${words.say("again")}</button>`;
    const body = answer
      ? this.renderSurvival(answer.survival, words)
      : error
        ? alert("error", words.say("error_load", { error }), retry)
        : html`<p class="none">${words.say("loading")}</p>`;
    return card(html`${title}${body}`, !answer && !error);
  }

  private renderSurvival({ deaths, answer }: Survival, words: Words) {
    if (!deaths.length) return html`<p class="none">${words.say("survival_nothing")}</p>`;
    const chosen = this.died ?? answer?.died;
    return html`<div class="choice">
        <label for="died">${words.say("survival_choose")}</label>
        <select id="died" @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}>
          ${KINDS.map((kind) => this.renderKind(kind, deaths, chosen, words))}
        </select>
      </div>
      ${answer && answer.died === chosen ? this.renderAnswer(answer, words) : html`<p class="none" aria-live="polite">${words.say("loading")}</p>`}`;
  }

  private renderKind(kind: Death["kind"], deaths: Death[], chosen: string | undefined, words: Words) {
    const those = deaths.filter((death) => death.kind === kind);
    const names = namesOf(this.found.answer?.servers ?? []);
    return those.length
      ? html`<optgroup label=${words.say(`survival_kind_${kind}`)}>
          ${those.map((death) => {
            const name = kind === "place" ? words.say(`survival_place_${death.name}` as Key) : death.name;
            const server = names.get(death.entry_id);
            const counted = [
              death.none ? words.say("survival_count_none", { n: death.none }) : "",
              death.unknown ? words.say("survival_count_unknown", { n: death.unknown }) : "",
            ].filter(Boolean);
            const says = [server ? `${name} · ${server}` : name, counted.join(", ")].filter(Boolean).join(" – ");
            return html`<option value=${death.key} ?selected=${death.key === chosen}>${says}</option>`;
          })}
        </optgroup>`
      : nothing;
  }

  private renderAnswer(answer: NonNullable<Survival["answer"]>, words: Words) {
    const of = (left: Left) => answer.guests.filter((guest) => guest.left === left);
    const lives = of("lives");
    const others = answer.guests.filter((guest) => guest.left !== "lives");
    const bare = lives.filter((guest) => guest.bare);
    const counts = (["none", "unknown", "copy", "lives"] as const).map((left) => ({ left, n: of(left).length }));
    const undecided =
      answer.guests.some((guest) => guest.left === "unknown") || answer.storages.some((one) => one.left === null);
    return html`<div class="answer" aria-live="polite">
      <h3>${answer.heading} …</h3>
      <ul class="sums">
        ${counts.map(({ left, n }) =>
          n
            ? html`<li>${mark(MARKS[left])}<b class="num">${n}</b> ${words.say(`survival_sum_${left}` as Key)}</li>`
            : nothing,
        )}
      </ul>
      ${others.length ? html`<ul class="guests">${others.map((guest) => this.renderGuest(guest, words))}</ul>` : nothing}
      ${bare.length ? html`<h4>${words.say("survival_bare")}</h4><ul class="guests">${bare.map((guest) => this.renderGuest(guest, words))}</ul>` : nothing}
      ${this.renderFolded(
        words.count("survival_live_on", lives.length - bare.length),
        lives.filter((guest) => !guest.bare),
        words,
      )}
      ${this.renderStorages(answer.storages, words)}
      ${undecided && this.hass?.user?.is_admin ? html`<p class="hint">${words.say("survival_hint")} <a href=${OPTIONS}>${words.say("survival_options")}</a></p>` : nothing}
      <p class="read">${words.say("survival_read", { when: this.hass ? formatOf(this.hass).relative(answer.read, undefined, "long") : "" })}</p>
    </div>`;
  }

  private renderFolded(title: string, guests: GuestLeft[], words: Words) {
    return guests.length
      ? html`<details><summary>${title}</summary><ul class="guests">${guests.map((guest) => this.renderGuest(guest, words))}</ul></details>`
      : nothing;
  }

  private renderGuest({ id, name, vmid, left, text, lost }: GuestLeft, words: Words) {
    return html`<li>
      <button @click=${() => openDetails(this, { id, name })}>
        ${mark(MARKS[left])}<b>${name} <small class="num">${vmid}</small></b>
        ${lost ? html`<span class="lost num">${words.say("survival_lost", { time: lost })}</span>` : html`<span></span>`}
        <span class="text">${text}</span>
      </button>
    </li>`;
  }

  private renderStorages(storages: NonNullable<Survival["answer"]>["storages"], words: Words) {
    if (!storages.length) return nothing;
    const gone = storages.filter((storage) => storage.left === false).length;
    return html`<details>
      <summary>${words.say("survival_storages", { gone, all: storages.length })}</summary>
      <ul class="storages">
        ${storages.map(
          ({ name, left, why }) => html`<li>
            ${mark(left === false ? "failed" : left ? "ok" : "unknown")}<b>${name}</b>
            <span>${words.say(left === false ? "survival_storage_gone" : left ? "survival_storage_left" : "status_unknown")}${why ? `: ${why}` : ""}</span>
          </li>`,
        )}
      </ul>
    </details>`;
  }
}
