import { css, html, LitElement, nothing } from "lit";
import type { Group } from "../data/contract";
import { WallController } from "../data/wall-controller";
import type { EntityState, Hass } from "../ha/types";
import { DEFAULT_DAYS } from "../wall/config";
import { loadDetails } from "./open";

/** Problem sensors of what is on no wall: clusters, storages, backup servers and their datastores. */
const ON_NO_WALL = /^(cluster|storage|server|datastore)_problem$/;
/** On which wall an entity's guest, job or client is, by how its translation key begins. */
const WALLS: [begin: RegExp, group: Group][] = [
  [/^guest_/, "guest"],
  [/^job_/, "job"],
  [/^pbs_job_/, "pbsjob"],
  [/^group_/, "group"],
];

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
    const group = WALLS.find(([begin]) => begin.test(entity?.translation_key ?? ""))?.[1];
    if (!this.hass || !entity || !group) return nothing;
    this.wall.watch(this.hass, { group, days: DEFAULT_DAYS });
    const row = this.wall.state.rows.find(
      (candidate) =>
        candidate.entityId === entity.entity_id || (!!entity.device_id && candidate.deviceId === entity.device_id),
    );
    return row ? html`<pbc-details .hass=${this.hass} .rowId=${row.id}></pbc-details>` : nothing;
  }
}
