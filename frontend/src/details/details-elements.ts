/** The part that is fetched when details are first opened. */

import "../i18n/more";
import { WallFrame } from "../wall/wall-frame";
import { GuestDetails } from "./details";
import { DetailsDialog, WallDialog } from "./dialogs";
import { RunLog } from "./log";
import { DETAILS_DIALOG, WALL_DIALOG } from "./open";

customElements.define("pbc-run-log", RunLog);
customElements.define("pbc-details", GuestDetails);
customElements.define("pbc-wall-frame", WallFrame);
customElements.define(DETAILS_DIALOG, DetailsDialog);
customElements.define(WALL_DIALOG, WallDialog);
