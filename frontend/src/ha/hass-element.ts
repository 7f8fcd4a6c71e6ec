import { LitElement, type PropertyDeclarations, type PropertyValues } from "lit";
import { fetchWordsFor } from "../i18n/words";
import type { Hass } from "./types";

/** An element that is given `hass`, which changes with every state in the house, and draws itself only when it matters. */
export class HassElement extends LitElement {
  static override properties: PropertyDeclarations = { hass: { attribute: false } };

  hass?: Hass;

  protected override shouldUpdate(changed: PropertyValues): boolean {
    const words = this.hass && fetchWordsFor(this.hass);
    if (words) {
      // What has changed by now is news still, once there are words for it.
      const news = [...changed];
      words.then(() => {
        for (const [property, before] of news) this.requestUpdate(property, before);
      });
      return false;
    }
    if (!this.hasUpdated || changed.size !== 1 || !changed.has("hass")) return true;
    const before = changed.get("hass") as Hass | undefined;
    return (
      before?.locale !== this.hass?.locale ||
      before?.connection !== this.hass?.connection ||
      before?.user !== this.hass?.user ||
      before?.language !== this.hass?.language
    );
  }
}
