/** What opens the wall's dialog and the dialog know of each other. */

export const WALL_DIALOG = "pbc-wall-dialog";
