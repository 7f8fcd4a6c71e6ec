import { css, html, LitElement, nothing } from "lit";
import { WallController } from "../data/wall-controller";
import type { EntityState, Hass } from "../ha/types";
import { DEFAULT_DAYS } from "../wall/config";
import { loadDetails } from "./open";

/** Problem sensors of what is on no wall: clusters, storages, backup servers and their parts. */
const ON_NO_WALL = /^(cluster|storage|server|datastore|pbs_job|group)_problem$/;

/** The details inside Home Assistant's own dialog of one of our entities. */
export class MoreInfo extends LitElement {
  static override styles = css`
    :host { display: block; margin-top: 16px; }
  `;

  static override properties = { hass: { attribute: false }, stateObj: { attribute: false } };

  hass?: Hass;
  stateObj?: EntityState;
  private readonly wall = new WallController(this);

  override connectedCallback(): void {
    super.connectedCallback();
    loadDetails();
  }

  protected override render() {
    const entity = this.stateObj ? this.hass?.entities[this.stateObj.entity_id] : undefined;
    if (this.hass && ON_NO_WALL.test(entity?.translation_key ?? ""))
      return html`<pbc-sensor-reason .hass=${this.hass} .stateObj=${this.stateObj}></pbc-sensor-reason>`;
    const kind = /^(guest|job)_/.exec(entity?.translation_key ?? "")?.[1];
    if (!this.hass || !entity || !kind) return nothing;
    this.wall.watch(this.hass, { group: kind as "guest" | "job", days: DEFAULT_DAYS });
    const row = this.wall.state.rows.find(
      (candidate) =>
        candidate.entityId === entity.entity_id || (!!entity.device_id && candidate.deviceId === entity.device_id),
    );
    return row ? html`<pbc-details .hass=${this.hass} .rowId=${row.id}></pbc-details>` : nothing;
  }
}
