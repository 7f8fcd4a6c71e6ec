import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { fire } from "../ha/actions";
import { dialog } from "../ha/elements";
import type { Hass } from "../ha/types";
import { wordsOf } from "../i18n/words";
import type { WallConfig } from "../wall/config";
import type { DetailsParams } from "./open";

/** A dialog that Home Assistant opens by its `show-dialog` event, closes, and gives `hass`. */
abstract class Dialog<Params> extends LitElement {
  static override styles = css`
    :host { --dialog-content-padding: 0 24px 24px; }
  `;

  static override properties = {
    hass: { attribute: false },
    shown: { state: true },
    open: { state: true },
  };

  hass?: Hass;
  // Not "params": Home Assistant throws a dialog with a property of this name away, and makes the next one without `hass`.
  protected shown?: Params;
  private open = false;

  showDialog(params: Params): void {
    this.shown = params;
    this.open = true;
  }

  closeDialog = (): boolean => {
    this.open = false;
    return true;
  };

  private closed = (): void => {
    this.open = false;
    this.shown = undefined;
    fire(this, "dialog-closed", { dialog: this.localName });
  };

  protected abstract heading(params: Params): string;
  protected abstract content(params: Params): TemplateResult;

  protected override render() {
    if (!this.shown) return nothing;
    return dialog({
      open: this.open,
      title: this.heading(this.shown),
      closed: this.closed,
      content: this.content(this.shown),
    });
  }
}

/** The details of one guest or job. */
export class DetailsDialog extends Dialog<DetailsParams> {
  protected override heading = (params: DetailsParams): string => params.name;

  protected override content = (params: DetailsParams): TemplateResult =>
    html`<pbc-details .hass=${this.hass} .rowId=${params.id} .day=${params.day ?? ""}></pbc-details>`;
}

/** The wall, for cards that show only its sum. */
export class WallDialog extends Dialog<{ config: WallConfig }> {
  protected override heading = (params: { config: WallConfig }): string =>
    params.config.title ?? (this.hass ? wordsOf(this.hass).say("title") : "");

  protected override content = (params: { config: WallConfig }): TemplateResult =>
    html`<pbc-wall-frame .hass=${this.hass} .config=${params.config}></pbc-wall-frame>`;
}
