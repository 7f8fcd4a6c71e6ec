/** The dashboard of Proxmox Backup Checker: cards, a badge, dialogs and a dashboard that builds itself. */

import { BackupWall } from "./wall/wall-card";

// A page may load this twice, as a module of the integration and as a resource.
if (!customElements.get("proxmox-backup-wall")) {
  customElements.define("proxmox-backup-wall", BackupWall);
  import("./rest");
}
