import { showDialog } from "../ha/actions";
import type { WallConfig } from "./config";
import { WALL_DIALOG } from "./names";

/** Opens the wall in a dialog, for what shows only its sum. */
export const openWall = (from: EventTarget, config: WallConfig): void =>
  showDialog(from, WALL_DIALOG, { config }, () => import("./wall-dialog-elements"));
