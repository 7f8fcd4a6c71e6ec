import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { Status } from "../data/contract";
import type { Words } from "../i18n/words";
import { type Grouping, groupingsOf } from "../model/groups";
import type { Sort } from "../model/sort";
import { ARRANGE, HELP } from "../styles/glyphs";
import type { Arranged, Choice } from "./arrange";
import type { WallConfig } from "./config";
import { chips, opener, type Sorting, search } from "./head";

const SEARCHED_FROM = 10;

type Panel = "legend" | "arrange";

/** What whoever looks chooses beside the settings of the card: status, search, order, groups; until the page is left. */
export class Chooser implements ReactiveController {
  status?: Status;
  query = "";
  #sort?: Sort;
  #reversed = false;
  #groupBy?: Grouping;
  #folded: ReadonlySet<string> = new Set();
  #panel?: Panel;
  #panels?: typeof import("./view-panel");

  constructor(
    private readonly host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment },
    private readonly look: () => { config: WallConfig | undefined; servers: number },
    /** Called where other rows are to be shown, from the first one on or from where they are. */
    private readonly changed: (fromTop?: boolean) => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {}

  get choice(): Choice {
    const { status, query } = this;
    return {
      status,
      query,
      sort: this.#sortedBy,
      reversed: this.#reversed,
      groupBy: this.groupBy,
      folded: this.#folded,
    };
  }

  get #sortedBy(): Sort {
    return this.#sort ?? this.look().config?.sort ?? "worst";
  }

  get groupBy(): Grouping {
    const chosen = this.#groupBy ?? this.look().config?.group_by ?? "none";
    return this.#groupings.includes(chosen) ? chosen : "none";
  }

  get #groupings(): Grouping[] {
    const { config, servers } = this.look();
    return groupingsOf(config?.group ?? "guest", servers);
  }

  get sorting(): Sorting {
    return { sort: this.#sortedBy, reversed: this.#reversed, choose: this.#sortBy };
  }

  #sortBy = (sort: Sort): void => {
    this.#reversed = this.#sortedBy === sort && !this.#reversed;
    this.#sort = sort;
    this.changed();
  };

  fold(group: string): void {
    const folded = new Set(this.#folded);
    if (!folded.delete(group)) folded.add(group);
    this.#folded = folded;
    this.changed(false);
  }

  /** Shows all again. */
  reset = (): void => {
    this.status = undefined;
    this.query = "";
    this.changed();
  };

  /** The buttons above the rows; in a preview there is nothing to open. */
  tools({ counts = [], listed = [] }: Partial<Arranged>, words: Words, preview: boolean): TemplateResult {
    const find = () =>
      search(this.query, words, (query) => {
        this.query = query;
        this.changed();
      });
    const open = (panel: Panel, icon: string) =>
      opener(icon, words.say(panel), this.#panel === panel, () => this.#toggle(panel));
    return html`<div class="tools" @keydown=${this.#onKey}>
      ${chips(counts, this.status, words, (status) => {
        this.status = this.status === status ? undefined : status;
        this.changed();
      })}
      ${
        preview
          ? nothing
          : html`<span class="beside">${listed.length >= SEARCHED_FROM ? find() : nothing} ${open("arrange", ARRANGE)} ${open("legend", HELP)}</span>`
      }
    </div>`;
  }

  async #toggle(panel: Panel): Promise<void> {
    this.#panel = this.#panel === panel ? undefined : panel;
    this.host.requestUpdate();
    this.#panels ??= await import("./view-panel");
    this.host.requestUpdate();
  }

  /** What one of the buttons has opened. */
  panel(words: Words): TemplateResult | typeof nothing {
    if (!this.#panels || !this.#panel) return nothing;
    const opened = this.#panel === "legend" ? this.#panels.legend(words) : this.#arrangement(this.#panels, words);
    return html`<div @keydown=${this.#onKey}>${opened}</div>`;
  }

  /** Closes what is open, and goes back to its button. */
  #onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !this.#panel) return;
    this.host.renderRoot.querySelector<HTMLElement>(".opener[aria-expanded=true]")?.focus();
    this.#toggle(this.#panel);
    event.preventDefault();
    event.stopPropagation();
  };

  #arrangement(panels: typeof import("./view-panel"), words: Words): TemplateResult {
    const now = { sort: this.#sortedBy, groupBy: this.groupBy };
    return panels.arrangement(now, this.#groupings, words, ({ sort, groupBy }) => {
      if (sort) this.#sort = sort;
      if (groupBy) this.#groupBy = groupBy;
      this.#reversed = false;
      this.changed();
    });
  }
}
