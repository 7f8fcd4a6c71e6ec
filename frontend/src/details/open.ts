import { showDialog } from "../ha/actions";
import { DETAILS_DIALOG, type DetailsParams } from "./names";

/** Fetches the code of the details. */
export const loadDetails = (): Promise<unknown> => import("./details-elements");

export const openDetails = (from: EventTarget, params: DetailsParams): void =>
  showDialog(from, DETAILS_DIALOG, params, loadDetails);
