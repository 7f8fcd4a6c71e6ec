import { showDialog } from "../ha/actions";
import { MESSAGES_DIALOG, MESSAGES_HASH } from "./names";

const load = (): Promise<unknown> => import("./messages-elements");

export const openMessages = (from: EventTarget): void => showDialog(from, MESSAGES_DIALOG, { kind: "messages" }, load);

/** Opens the dialog where a link of the set-up leads here; the address forgets it, so that a reload does not. */
export function openFromAddress(): void {
  if (location.hash !== MESSAGES_HASH) return;
  const page = document.querySelector("home-assistant");
  if (!page) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  openMessages(page);
}
