import { html, nothing } from "lit";
import type { Status } from "../data/contract";
import { formatOf } from "../format";
import { HassElement } from "../ha/hass-element";
import type { EntityState } from "../ha/types";
import { wordsOf } from "../i18n/words";
import { lookOf } from "../model/status";
import { look, mark } from "../styles/look";
import { definitions } from "./run";
import { detailsStyles } from "./styles";

/** Why something that is on no wall is as it is, and what to do: all of it is in the attributes of its problem sensor. */
export class SensorReason extends HassElement {
  static override styles = [look, detailsStyles];

  static override properties = { stateObj: { attribute: false } };

  stateObj?: EntityState;

  protected override render() {
    const { hass, stateObj } = this;
    if (!hass || !stateObj) return nothing;
    const words = wordsOf(hass);
    const { attributes, state } = stateObj;
    const text = (name: string) => (typeof attributes[name] === "string" ? (attributes[name] as string) : "");
    const [reason, error] = [text("reason"), text("error")];
    if (!reason) return nothing;
    // What rests as planned looks as what somebody has paused.
    const status = (text("verdict") === "asleep" ? "paused" : text("verdict") || "unknown") as Status;
    const since = state === "on" && text("since") ? formatOf(hass).moment(Date.parse(text("since")) / 1000) : null;
    return html`<section class="verdict ${lookOf(status).tone}">
      <p class="place">${mark(status)} <span>${hass.formatEntityAttributeValue?.(stateObj, "verdict") ?? text("verdict")}</span></p>
      <p class="sentence">${reason}</p>
      ${text("findings") && text("findings") !== reason ? html`<p>${text("findings")}</p>` : nothing}
      ${text("next_step") ? html`<p class="step"><b>${words.say("next_step")}:</b> ${text("next_step")}</p>` : nothing}
      ${definitions([
        [words.say("since"), since],
        [hass.formatEntityAttributeName?.(stateObj, "error") ?? "", error && !reason.includes(error) ? error : null],
      ])}
    </section>`;
  }
}
