/** The part that is fetched when details are first opened. */

import "../i18n/more";
import { GuestDetails } from "./details";
import { DetailsDialog } from "./details-dialog";
import { RunLog } from "./log";
import { DETAILS_DIALOG } from "./names";
import { ServerReason } from "./server-reason";

customElements.define("pbc-run-log", RunLog);
customElements.define("pbc-details", GuestDetails);
customElements.define("pbc-server-reason", ServerReason);
customElements.define(DETAILS_DIALOG, DetailsDialog);
