import { showDialog } from "../ha/actions";
import { RETENTION_DIALOG, type RetentionParams } from "./names";

export const openRetention = (from: EventTarget, params: RetentionParams): void =>
  showDialog(from, RETENTION_DIALOG, params, () => import("./retention-elements"));
