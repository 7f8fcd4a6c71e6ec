import { html, type TemplateResult } from "lit";
import { Dialog } from "../ha/dialog";
import { wordsOf } from "../i18n/words";
import type { WallConfig } from "./config";

/** The wall, for cards that show only its sum. */
export class WallDialog extends Dialog<{ config: WallConfig }> {
  protected override heading = (params: { config: WallConfig }): string =>
    params.config.title ?? (this.hass ? wordsOf(this.hass).say("title") : "");

  protected override content = (params: { config: WallConfig }): TemplateResult =>
    html`<pbc-wall-frame .hass=${this.hass} .config=${params.config}></pbc-wall-frame>`;
}
