import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Hass } from "../ha/types";
import { languageOf } from "../i18n/words";
import { LOADING, type WallQuery, type WallState, type WallStore, wallStore } from "./wall-store";

/** Keeps an element in step with a wall for as long as it is on the page. */
export class WallController implements ReactiveController {
  #store?: WallStore;
  #stop?: () => void;
  #connected = false;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly changed: () => void = () => undefined,
  ) {
    host.addController(this);
  }

  get state(): WallState {
    return this.#store?.state ?? LOADING;
  }

  /** Follows this wall from now on; asking for the same again costs nothing. */
  watch(hass: Pick<Hass, "connection" | "language" | "locale">, query: Omit<WallQuery, "language">): void {
    const store = wallStore(hass.connection, { ...query, language: languageOf(hass) });
    if (store === this.#store) return;
    this.#stop?.();
    this.#stop = undefined;
    this.#store = store;
    if (this.#connected) this.#listen();
    this.changed();
  }

  retry = (): void => this.#store?.retry();

  hostConnected(): void {
    this.#connected = true;
    this.#listen();
  }

  hostDisconnected(): void {
    this.#connected = false;
    this.#stop?.();
    this.#stop = undefined;
  }

  #listen(): void {
    this.#stop ??= this.#store?.listen(() => {
      this.changed();
      this.host.requestUpdate();
    });
  }
}
