/** The part that is fetched when somebody wants to be told. */

import "../i18n/more";
import { MessageSetup } from "./message-setup";
import { MessagesDialog } from "./messages-dialog";
import { MESSAGES_DIALOG } from "./names";

customElements.define("pbc-message-setup", MessageSetup);
customElements.define(MESSAGES_DIALOG, MessagesDialog);
