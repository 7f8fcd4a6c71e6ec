import { html, type TemplateResult } from "lit";
import { Dialog } from "../ha/dialog";
import { wordsIn, wordsOf } from "../i18n/words";
import type { RetentionParams } from "./names";

/** Asks which keep values to try for a job. */
export class RetentionDialog extends Dialog<RetentionParams> {
  protected override heading = (params: RetentionParams): string =>
    (this.hass ? wordsOf(this.hass) : wordsIn("en")).say("keep_title", { job: params.name });

  protected override content = (params: RetentionParams): TemplateResult =>
    html`<pbc-tried-retention .hass=${this.hass} .job=${params}></pbc-tried-retention>`;
}
