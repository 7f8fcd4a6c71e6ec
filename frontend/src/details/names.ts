/** What opens the details and what is opened know of each other. */

export interface DetailsParams {
  id: string;
  name: string;
  /** The day to begin with; the last one that says something otherwise. */
  day?: string;
  /** Begin with what the verdict rests on. */
  why?: boolean;
}

export const DETAILS_DIALOG = "pbc-details-dialog";
