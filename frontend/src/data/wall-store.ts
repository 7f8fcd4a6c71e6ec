import type { CommandError, Connection } from "../ha/types";
import { fetchInfo, messageOf } from "./commands";
import { DOMAIN, type Group, type Server, type WallEvent } from "./contract";
import { decodeRow, type Row } from "./row";

export interface WallQuery {
  entryId?: string;
  group: Group;
  days: number;
  /** The language of who looks. */
  language: string;
}

/** What is known of a wall at one moment. */
export interface WallState {
  phase: "loading" | "ready" | "not_loaded" | "failed";
  connected: boolean;
  /** This bundle is not the one that the server has now. */
  outdated: boolean;
  end: string;
  days: number;
  servers: Server[];
  rows: Row[];
  error: string;
}

export const LOADING: WallState = {
  phase: "loading",
  connected: true,
  outdated: false,
  end: "",
  days: 0,
  servers: [],
  rows: [],
  error: "",
};

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
const PATIENCE = 10_000;
const LINGER = 3_000;

/** The hash that this bundle was loaded under; none on the development page. */
export const ownHash = /_static\/([0-9a-f]{10})\//.exec(import.meta.url)?.[1];

/**
 * One subscription to a wall, shared by everything on the page that shows it.
 *
 * It subscribes anew by itself: after a restart Home Assistant answers before the integration does, and the library
 * would give up on the first `unknown_command`.
 */
export class WallStore {
  state: WallState = LOADING;
  #listeners = new Set<() => void>();
  #unsubscribe?: () => Promise<void>;
  #active = false;
  #attempt = 0;
  #waiting = 0;
  #timer?: ReturnType<typeof setTimeout>;
  #lingering?: ReturnType<typeof setTimeout>;

  constructor(
    private readonly connection: Connection,
    private readonly query: WallQuery,
  ) {}

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    clearTimeout(this.#lingering);
    if (!this.#active) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (!this.#listeners.size) this.#lingering = setTimeout(() => this.#stop(), LINGER);
    };
  }

  /** Tries at once instead of after the wait. */
  retry(): void {
    if (!this.#active) return;
    this.#waiting = 0;
    if (this.state.phase !== "ready") this.#set({ phase: "loading", error: "" });
    this.#subscribe();
  }

  #start(): void {
    this.#active = true;
    this.connection.addEventListener("ready", this.#ready);
    this.connection.addEventListener("disconnected", this.#disconnected);
    this.#subscribe();
  }

  #stop(): void {
    if (this.#listeners.size) return;
    this.#active = false;
    this.#attempt++;
    clearTimeout(this.#timer);
    this.connection.removeEventListener("ready", this.#ready);
    this.connection.removeEventListener("disconnected", this.#disconnected);
    this.#unsubscribe?.().catch(() => undefined);
    this.#unsubscribe = undefined;
    this.state = LOADING;
  }

  #ready = (): void => {
    this.#unsubscribe = undefined;
    this.#waiting = 0;
    this.#set({ connected: true });
    this.#subscribe();
  };

  #disconnected = (): void => {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#unsubscribe = undefined;
    this.#set({ connected: false });
  };

  async #subscribe(): Promise<void> {
    clearTimeout(this.#timer);
    const attempt = ++this.#attempt;
    const previous = this.#unsubscribe;
    this.#unsubscribe = undefined;
    previous?.().catch(() => undefined);
    const { entryId, group, days, language } = this.query;
    const message = {
      type: `${DOMAIN}/wall/subscribe`,
      group,
      days,
      language,
      ...(entryId ? { entry_id: entryId } : {}),
    };
    try {
      const unsubscribe = await this.connection.subscribeMessage<WallEvent>(
        (event) => attempt === this.#attempt && this.#receive(event),
        message,
        { resubscribe: false },
      );
      if (attempt !== this.#attempt) {
        unsubscribe().catch(() => undefined);
        return;
      }
      this.#unsubscribe = unsubscribe;
      this.#waiting = 0;
      this.#compareVersions();
    } catch (error) {
      if (attempt === this.#attempt) this.#refused(error as CommandError);
    }
  }

  #refused(error: CommandError): void {
    const unknown = error?.code === "unknown_command";
    const wait = Math.min(LONGEST_WAIT, this.#waiting ? Math.max(FIRST_WAIT, this.#waiting) : FIRST_WAIT);
    this.#waiting += wait;
    this.#timer = setTimeout(() => this.#subscribe(), unknown ? wait : LONGEST_WAIT);
    if (!unknown) this.#set({ phase: "failed", error: messageOf(error) });
    else if (this.#waiting > PATIENCE) this.#set({ phase: "not_loaded" });
  }

  async #compareVersions(): Promise<void> {
    if (!ownHash) return;
    const info = await fetchInfo(this.connection).catch(() => undefined);
    if (info && info.frontend_hash !== ownHash) this.#set({ outdated: true });
  }

  #receive(event: WallEvent): void {
    this.#set(this.#changeBy(event));
  }

  #changeBy(event: WallEvent): Partial<WallState> {
    switch (event.t) {
      case "snapshot": {
        const { end, days, servers, rows } = event;
        return { phase: "ready", connected: true, end, days, servers, rows: rows.map(decodeRow), error: "" };
      }
      case "rows":
        return { rows: patch(this.state.rows, event.rows.map(decodeRow), event.gone) };
      case "servers":
        return { servers: event.servers };
    }
  }

  #set(change: Partial<WallState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Returns the rows with some changed, some new at the end, and some gone. */
export function patch(rows: Row[], changed: Row[], gone: string[] = []): Row[] {
  const news = new Map(changed.map((row) => [row.id, row]));
  const kept = rows
    .filter((row) => !gone.includes(row.id))
    .map((row) => {
      const next = news.get(row.id);
      news.delete(row.id);
      return next ?? row;
    });
  return [...kept, ...news.values()];
}

const stores = new WeakMap<Connection, Map<string, WallStore>>();

export function wallStore(connection: Connection, query: WallQuery): WallStore {
  const key = JSON.stringify([query.entryId ?? "", query.group, query.days, query.language]);
  const known = stores.get(connection) ?? new Map<string, WallStore>();
  stores.set(connection, known);
  const store = known.get(key) ?? new WallStore(connection, query);
  known.set(key, store);
  return store;
}
