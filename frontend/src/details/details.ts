import { html, nothing, type PropertyValues } from "lit";
import { fetchDetails, ignore, messageOf, silence, unsilence } from "../data/commands";
import { DOMAIN } from "../data/contract";
import type { Details, Run } from "../data/details-contract";
import { decodeRow, isJob, type Row, vmidOf } from "../data/row";
import { formatOf } from "../format";
import { navigate, notify } from "../ha/actions";
import { alert } from "../ha/elements";
import { HassElement } from "../ha/hass-element";
import type { Hass } from "../ha/types";
import { wordsOf } from "../i18n/words";
import { addDays, cellOfDay, dayOfCell } from "../model/days";
import { openRetention } from "../retention/open";
import { glyph } from "../styles/glyphs";
import { look } from "../styles/look";
import { stripLook } from "../styles/strip-look";
import { isRightToLeft } from "../wall/strip";
import { createAutomation } from "./automation";
import { copiesPanel, copiesStyles } from "./copies";
import { BACK, FORWARD, OUT } from "./glyphs";
import { ignoreQuestion } from "./ignore";
import { restorePoints, restorePointsStyles } from "./restore-points";
import { folded, runPanel } from "./run";
import { serverParts } from "./server-parts";
import { silenceMenu, silenceStyles } from "./silence";
import { detailsStyles } from "./styles";
import { archivesTable, runsTable } from "./tables";
import { timeline } from "./timeline";
import { verdictPanel } from "./verdict";
import { whyStyles } from "./why";

export const DETAIL_DAYS = 30;
const WHILE_RUNNING = 20_000;

/** Everything about one guest or job; shown in our dialog and in Home Assistant's more-info dialog. */
export class GuestDetails extends HassElement {
  static override styles = [
    look,
    stripLook,
    silenceStyles,
    restorePointsStyles,
    detailsStyles,
    whyStyles,
    copiesStyles,
  ];

  static override properties = {
    rowId: { attribute: "row-id" },
    day: {},
    details: { state: true },
    row: { state: true },
    error: { state: true },
    silencing: { state: true },
    ignoring: { state: true },
    why: { type: Boolean },
    logShown: { state: true },
    width: { state: true },
  };

  rowId = "";
  day = "";
  /** What the verdict rests on is shown. */
  why = false;
  private details?: Details;
  private row?: Row;
  private error = "";
  private silencing = false;
  private ignoring = false;
  private logShown?: string | null;
  private width = 0;
  private observer?: ResizeObserver;
  private timer?: ReturnType<typeof setTimeout>;

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer = new ResizeObserver(([entry]) => {
      this.width = Math.floor(entry?.contentRect.width ?? 0);
      this.toggleAttribute("rtl", isRightToLeft(this));
    });
    this.observer.observe(this);
    if (this.hasUpdated) this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer?.disconnect();
    clearTimeout(this.timer);
  }

  /** A new state of the problem sensor means that there is news. */
  protected override shouldUpdate(changed: PropertyValues): boolean {
    const before = changed.get("hass") as Hass | undefined;
    const entity = this.row?.entityId;
    if (entity && before && before.states[entity] !== this.hass?.states[entity]) this.load();
    return super.shouldUpdate(changed);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("rowId")) return;
    this.details = undefined;
    this.load();
  }

  private async load(): Promise<void> {
    const { hass, rowId } = this;
    clearTimeout(this.timer);
    if (!hass || !rowId) return;
    try {
      const details = await fetchDetails(hass, rowId, DETAIL_DAYS);
      if (rowId !== this.rowId) return;
      this.details = details;
      this.row = decodeRow(details.row);
      this.error = "";
      if (!this.day) this.day = details.runs[0]?.day ?? details.end;
      const running = details.verdict.status === "running" || details.runs.some((run) => run.result === "running");
      if (running && this.isConnected) this.timer = setTimeout(() => this.load(), WHILE_RUNNING);
    } catch (error) {
      if (rowId === this.rowId) this.error = messageOf(error);
    }
  }

  protected override render() {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const format = formatOf(this.hass);
    const { details, row } = this;
    const retry = html`<button @click=${() => this.load()}>${words.say("again")}</button>`;
    if (this.error && !details) return alert("error", words.say("error_load", { error: this.error }), retry);
    if (!details || !row)
      return html`<div class="wait" role="status"><span class="sr">${words.say("loading")}</span></div>`;
    const disclosure = (title: string, content: unknown) =>
      html`<details><summary>${title}</summary>${content}</details>`;
    return html`${verdictPanel(row, details, { open: this.why, toggle: this.toggleWhy }, words, format)} ${this.renderActions(row)}
      ${serverParts(details, words, format)}
      ${details.runs.length ? this.renderDays(row, details) : nothing}
      ${disclosure(
        words.count("runs", details.runs.length),
        runsTable(isJob(row), details.runs, words, format, (day) => {
          this.day = day;
          this.renderRoot.querySelector(".days")?.scrollIntoView({ block: "start" });
        }),
      )}
      ${copiesPanel(details, words, format)}
      ${
        details.archives.length
          ? html`${restorePoints(details.archives, details.restores, this.width, words, format)}
            ${disclosure(words.count("archives", details.archives.length), archivesTable(details.archives, words, format))}`
          : nothing
      }`;
  }

  private renderActions(row: Row) {
    if (!this.hass || !this.details) return nothing;
    const words = wordsOf(this.hass);
    const { acknowledged, problem } = this.details.verdict;
    const entity = row.entityId;
    const acknowledgeable = this.hass.services[DOMAIN]?.acknowledge;
    const admin = this.hass.user?.is_admin;
    if (this.silencing && entity) {
      return silenceMenu(
        words,
        (how) => this.act((hass) => silence(hass, entity, how)),
        () => this.stopAsking("silencing", ".silence"),
      );
    }
    if (this.ignoring) {
      return ignoreQuestion(
        row.name,
        isJob(row) ? "job" : "guest",
        words,
        () => this.act((hass) => ignore(hass.connection, row.id, true)),
        () => this.stopAsking("ignoring", ".ignore"),
      );
    }
    const device = this.details.device_id;
    const { ignoring } = this.details;
    const { link } = this.details.verdict;
    return html`<div class="actions">
      ${link && admin ? html`<a class="btn main" href=${link}>${words.say("open_repairs")}</a>` : nothing}
      ${
        entity && acknowledgeable && acknowledged
          ? html`<button class="btn" @click=${() => this.act((hass) => unsilence(hass, entity))}>${words.say("silence_undo")}</button>`
          : entity && acknowledgeable && problem
            ? html`<button class="btn silence" aria-haspopup="true" @click=${() => this.startAsking("silencing")}>${words.say("silence")}</button>`
            : nothing
      }
      ${
        !admin || !ignoring
          ? nothing
          : ignoring === "chosen"
            ? html`<button class="btn" @click=${() => this.act((hass) => ignore(hass.connection, row.id, false))}>${words.say("ignore_undo")}</button>`
            : html`<button class="btn ignore" aria-haspopup="true" @click=${() => this.startAsking("ignoring")}>${words.say("ignore")}</button>`
      }
      ${entity && admin ? html`<button class="btn" @click=${this.automate}>${words.say("automation")}</button>` : nothing}
      ${
        row.kind === "job" && this.hass.services[DOMAIN]?.try_retention
          ? html`<button class="btn" aria-haspopup="dialog" @click=${() => openRetention(this, { entry: row.entryId, job: row.key, name: row.name })}>${words.say("keep_try")}</button>`
          : nothing
      }
      ${device ? html`<a class="btn" href="/config/devices/device/${device}">${words.say("device")}</a>` : nothing}
      ${
        this.details.url
          ? html`<a class="btn" href=${this.details.url} target="_blank" rel="noreferrer">${words.say("open_proxmox")} ${glyph(OUT)}</a>`
          : nothing
      }
    </div>`;
  }

  private renderDays(row: Row, details: Details) {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const format = formatOf(this.hass);
    const days = row.cells.length;
    const { end } = details;
    const cell = cellOfDay(end, days, this.day);
    const runs = details.runs.filter((run) => run.day === this.day);
    const logged = runs.find((run) => run.upid && run.result !== "ok") ?? runs.find((run) => run.upid);
    const go = (by: number) => {
      this.day = addDays(this.day, by);
    };
    return html`<section class="days">
      ${
        this.width
          ? timeline(
              {
                cells: row.cells,
                end,
                width: this.width,
                chosen: cell,
                runs: details.runs,
                sizes: details.sizes,
                choose: (chosen) => {
                  this.day = dayOfCell(end, days, chosen);
                },
              },
              words,
              format,
            )
          : nothing
      }
      <div class="day-bar">
        <button class="round" aria-label=${words.say("previous_day")} ?disabled=${cell <= 0} @click=${() => go(-1)}>${glyph(BACK)}</button>
        <h3 aria-live="polite">${format.day(this.day, { weekday: "long", day: "numeric", month: "long" })}</h3>
        <button class="round" aria-label=${words.say("next_day")} ?disabled=${cell >= days - 1} @click=${() => go(1)}>${glyph(FORWARD)}</button>
      </div>
      ${runs.length ? this.renderRuns(runs, details.verdict.next_step) : html`<p class="none">${words.say(`cell_${(row.cells[cell] ?? "u") as "u"}`)}. ${words.say("no_run_day")}</p>`}
      ${logged ? this.renderLog(row, logged) : nothing}
    </section>`;
  }

  /** The runs of a day; of many good ones the newest says enough. */
  private renderRuns(runs: Run[], said: string | null) {
    if (!this.hass) return nothing;
    const words = wordsOf(this.hass);
    const panels = (some: Run[]) => some.map((run) => runPanel(run, words, formatOf(this.hass as Hass), said));
    const [shown, more] = folded(runs);
    return html`${panels(shown)}
      ${more.length ? html`<details class="more"><summary>${words.count("more_runs", more.length)}</summary>${panels(more)}</details>` : nothing}`;
  }

  /** The log of what went wrong is there at once, that of a good run when somebody asks. */
  private renderLog(row: Row, run: Run) {
    if (this.hass?.user?.is_admin && run.result === "ok" && this.logShown !== run.upid) {
      const show = () => {
        this.logShown = run.upid;
      };
      return html`<button class="btn" @click=${show}>${wordsOf(this.hass).say("log_show")}</button>`;
    }
    return html`<pbc-run-log .hass=${this.hass} .entry=${row.entryId} .upid=${run.upid ?? ""} .vmid=${vmidOf(row)}></pbc-run-log>`;
  }

  private toggleWhy = (): void => {
    this.why = !this.why;
  };

  private async startAsking(what: "silencing" | "ignoring"): Promise<void> {
    this[what] = true;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".silences button")?.focus();
  }

  private async stopAsking(what: "silencing" | "ignoring", button: string): Promise<void> {
    this[what] = false;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`.actions ${button}`)?.focus();
  }

  private async act(action: (hass: Hass) => Promise<unknown>): Promise<void> {
    if (!this.hass) return;
    this.silencing = this.ignoring = false;
    try {
      await action(this.hass);
      await this.load();
    } catch (error) {
      notify(this, wordsOf(this.hass).say("action_failed", { error: messageOf(error) }));
    }
  }

  private automate = async (): Promise<void> => {
    if (!this.hass || !this.row) return;
    try {
      const page = await createAutomation(this.hass, this.row, wordsOf(this.hass));
      navigate(page);
    } catch (error) {
      notify(this, wordsOf(this.hass).say("action_failed", { error: messageOf(error) }));
    }
  };
}
