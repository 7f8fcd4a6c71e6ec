import { html, type TemplateResult } from "lit";
import { Dialog } from "../ha/dialog";
import { wordsIn, wordsOf } from "../i18n/words";

/** Asks who is to be told of problems. */
export class MessagesDialog extends Dialog<{ kind: string }> {
  protected override heading = (): string => (this.hass ? wordsOf(this.hass) : wordsIn("en")).say("tell_title");

  protected override content = (): TemplateResult => html`<pbc-message-setup .hass=${this.hass}></pbc-message-setup>`;
}
