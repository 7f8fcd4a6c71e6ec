/** The part that is fetched when details are first opened. */

import "../i18n/more";
import { GuestDetails } from "./details";
import { DetailsDialog } from "./details-dialog";
import { RunLog } from "./log";
import { DETAILS_DIALOG } from "./names";
import { SensorReason } from "./sensor-reason";

customElements.define("pbc-run-log", RunLog);
customElements.define("pbc-details", GuestDetails);
customElements.define("pbc-sensor-reason", SensorReason);
customElements.define(DETAILS_DIALOG, DetailsDialog);
