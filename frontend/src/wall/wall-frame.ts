import { html, LitElement, nothing } from "lit";
import type { Hass } from "../ha/types";
import type { WallConfig } from "./config";
import type { BackupWall } from "./wall-card";

/** A wall inside a dialog, which has a title and a frame of its own. */
export class WallFrame extends LitElement {
  static override properties = {
    hass: { attribute: false },
    config: { attribute: false },
  };

  hass?: Hass;
  config?: WallConfig;

  protected override render() {
    return this.config ? html`<proxmox-backup-wall bare .hass=${this.hass}></proxmox-backup-wall>` : nothing;
  }

  protected override firstUpdated(): void {
    const wall = this.renderRoot.querySelector<BackupWall>("proxmox-backup-wall");
    if (this.config) wall?.setConfig(this.config);
  }
}
