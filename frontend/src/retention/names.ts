/** What opens the dialog and what is opened know of each other. */

export interface RetentionParams {
  entry: string;
  job: string;
  name: string;
}

export const RETENTION_DIALOG = "pbc-retention-dialog";
