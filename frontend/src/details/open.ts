import { showDialog } from "../ha/actions";
import type { WallConfig } from "../wall/config";

export interface DetailsParams {
  id: string;
  name: string;
  /** The day to begin with; the last one that says something otherwise. */
  day?: string;
}

export const DETAILS_DIALOG = "pbc-details-dialog";
export const WALL_DIALOG = "pbc-wall-dialog";

/** Fetches the code of the details. */
export const loadDetails = (): Promise<unknown> => import("./details-elements");

export const openDetails = (from: EventTarget, params: DetailsParams): void =>
  showDialog(from, DETAILS_DIALOG, params, loadDetails);

export const openWall = (from: EventTarget, config: WallConfig): void =>
  showDialog(from, WALL_DIALOG, { config }, loadDetails);
