import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Hass } from "../ha/types";
import { messageOf } from "./commands";

const EVERY = 60_000;

/** What a card asks for when it is shown, and again every minute while it is. */
export class Polled<Answer> implements ReactiveController {
  answer?: Answer;
  error = "";
  #hass?: Hass;
  #key = "";
  #timer?: ReturnType<typeof setInterval>;
  #asked = 0;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly ask: (hass: Hass, server: string | undefined) => Promise<Answer>,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#timer = setInterval(() => this.load(), EVERY);
    if (this.#hass) this.load();
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
  }

  /** Asks at once where something else is asked for, or by another connection. */
  watch(hass: Hass, server: string | undefined): void {
    const changed = this.#hass?.connection !== hass.connection || this.#key !== (server ?? "");
    this.#hass = hass;
    this.#key = server ?? "";
    if (changed) this.load();
  }

  load = async (): Promise<void> => {
    const hass = this.#hass;
    if (!hass) return;
    const asked = ++this.#asked;
    let answer: Answer | undefined;
    let failed = "";
    try {
      answer = await this.ask(hass, this.#key || undefined);
    } catch (error) {
      failed = messageOf(error) || " ";
    }
    // Something else may have been asked for meanwhile.
    if (asked !== this.#asked) return;
    if (answer !== undefined) this.answer = answer;
    this.error = failed;
    this.host.requestUpdate();
  };
}
