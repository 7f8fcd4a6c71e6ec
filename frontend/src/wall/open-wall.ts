import { showDialog } from "../ha/actions";
import { WALL_DIALOG, type WallConfig } from "./config";

/** Opens the wall in a dialog, for what shows only its sum. */
export const openWall = (from: EventTarget, config: WallConfig): void =>
  showDialog(from, WALL_DIALOG, { config }, () => import("./wall-dialog-elements"));
