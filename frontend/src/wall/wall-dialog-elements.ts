/** The part that is fetched when the wall is first opened in a dialog. */

import { WALL_DIALOG } from "./config";
import { WallDialog } from "./wall-dialog";
import { WallFrame } from "./wall-frame";

customElements.define("pbc-wall-frame", WallFrame);
customElements.define(WALL_DIALOG, WallDialog);
