import { css, html, nothing, type PropertyValues } from "lit";
import type { Group } from "../data/contract";
import { HassElement } from "./hass-element";

export interface CardConfig {
  type: string;
  title?: string;
  server?: string;
  group?: Group;
  max_rows?: number;
  navigation_path?: string;
}

interface LazyCard {
  /** The element that shows the card, once it is loaded. */
  tag: string;
  load: () => Promise<unknown>;
  size: number;
  grid?: object;
  fields?: string[];
}

/** What a card's own element is given. */
export type CardElement = HTMLElement & { hass?: unknown; config?: CardConfig };

/** Makes the class of a card whose code is fetched when it is first shown. */
export function lazyCard({ tag, load, size, grid, fields = ["title", "server"] }: LazyCard) {
  return class extends HassElement {
    static override properties = { config: { state: true } };
    config?: CardConfig;
    shown?: CardElement;

    static getStubConfig = () => ({});
    static getConfigForm = () => import("../editor/forms").then(({ simpleForm }) => simpleForm(fields));
    static override styles = css`
      :host { display: block; height: 100%; }
    `;
    getCardSize = (): number => size;
    getGridOptions = () => ({ columns: 12, rows: "auto", min_columns: 6, ...grid });

    setConfig(config: CardConfig): void {
      this.config = config;
    }

    override connectedCallback(): void {
      super.connectedCallback();
      load();
    }

    protected override shouldUpdate(changed: PropertyValues): boolean {
      if (this.shown) this.shown.hass = this.hass;
      return super.shouldUpdate(changed);
    }

    protected override render() {
      if (!this.hass || !this.config) return nothing;
      this.shown ??= document.createElement(tag) as CardElement;
      this.shown.hass = this.hass;
      this.shown.config = this.config;
      return html`${this.shown}`;
    }
  };
}
