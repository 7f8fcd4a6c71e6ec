import { html, type TemplateResult } from "lit";
import { Dialog } from "../ha/dialog";
import type { DetailsParams } from "./names";

/** The details of one guest or job. */
export class DetailsDialog extends Dialog<DetailsParams> {
  protected override heading = (params: DetailsParams): string => params.name;

  protected override content = (params: DetailsParams): TemplateResult =>
    html`<pbc-details .hass=${this.hass} .rowId=${params.id} .day=${params.day ?? ""} .why=${params.why ?? false}></pbc-details>`;
}
