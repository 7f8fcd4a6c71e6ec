/** The part that is fetched when somebody tries another retention. */

import "../i18n/more";
import { RETENTION_DIALOG } from "./names";
import { RetentionDialog } from "./retention-dialog";
import { TriedRetentionPanel } from "./tried-retention";

customElements.define("pbc-tried-retention", TriedRetentionPanel);
customElements.define(RETENTION_DIALOG, RetentionDialog);
