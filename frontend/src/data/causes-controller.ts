import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Hass } from "../ha/types";
import { fetchCauses, messageOf } from "./commands";
import type { Cause } from "./contract";

const AT_ONCE = 300;

/** The causes of what is wrong, asked for anew when what is known of the rows has changed. */
export class CausesController implements ReactiveController {
  causes?: Cause[];
  error = "";
  private known: unknown[] = [];
  private waiting?: ReturnType<typeof setTimeout>;
  private ask: () => Promise<void> = async () => {};

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  hostDisconnected(): void {
    clearTimeout(this.waiting);
  }

  /** Takes what is known of the rows, and asks for the causes if that is not what it was. */
  watch(hass: Hass, server: string | undefined, known: unknown[]): void {
    this.ask = async () => {
      try {
        this.causes = (await fetchCauses(hass, server)).causes;
        this.error = "";
      } catch (error) {
        this.error = messageOf(error);
      }
      this.host.requestUpdate();
    };
    if (known.every((part, n) => part === this.known[n])) return;
    const first = !this.known.length;
    this.known = known;
    clearTimeout(this.waiting);
    // Several changes of one poll come one after the other.
    if (first) this.ask();
    else this.waiting = setTimeout(this.retry, AT_ONCE);
  }

  retry = (): Promise<void> => this.ask();
}
