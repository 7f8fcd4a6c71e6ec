import { css, LitElement, nothing, type TemplateResult } from "lit";
import { fire } from "./actions";
import { dialog } from "./elements";
import type { Hass } from "./types";

/** A dialog that Home Assistant opens by its `show-dialog` event, closes, and gives `hass`. */
export abstract class Dialog<Params> extends LitElement {
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
