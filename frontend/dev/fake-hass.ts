/** A `hass` whose connection answers from canned data. */

import type {
  BackupServer,
  Cause,
  Checklist,
  Digest,
  Happened,
  MessageSetupInfo,
  Orphans,
  RowData,
  Server,
  Storage,
  Survival,
  WallEvent,
} from "../src/data/contract";
import type { Night } from "../src/data/details-contract";
import type { Hass } from "../src/ha/types";
import {
  ACTIVITY,
  BACKUP_SERVER,
  CAUSES,
  CLIENTS,
  DATASTORES,
  DIGESTS,
  details,
  END,
  GUESTS,
  JOBS,
  LOG,
  NIGHT,
  SERVER_JOBS,
  STORAGES,
  server,
  sizesOf,
  survivalOf,
  TRIED,
} from "./canned";

export interface World {
  servers?: Server[];
  rows?: RowData[];
  jobs?: RowData[];
  storages?: Storage[];
  orphans?: Orphans[];
  causes?: Cause[];
  nights?: Night[];
  survival?: Survival;
  backups?: BackupServer[];
  clients?: RowData[];
  start?: Checklist[];
  activity?: Happened[];
  digests?: Digest[];
  messages?: MessageSetupInfo;
  /** What the wall is refused with; "never" leaves it without an answer. */
  refusal?: { code: string; message: string } | "never";
  language?: string;
  admin?: boolean;
  disconnected?: boolean;
}

export class FakeConnection {
  connected = true;
  sent: { type: string }[] = [];
  subscribers: ((event: WallEvent) => void)[] = [];
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(readonly world: World) {}

  subscribeMessage = async (
    callback: (event: WallEvent) => void,
    message: { type: string; group?: string; days?: number },
  ) => {
    this.sent.push(message);
    const { refusal, servers = [server()], rows = GUESTS, jobs = JOBS } = this.world;
    if (refusal === "never") return new Promise<never>(() => undefined);
    if (refusal) throw refusal;
    const { backups = [], clients = CLIENTS } = this.world;
    const ofServers = { pbsjob: backups.length ? SERVER_JOBS : [], group: backups.length ? clients : [] };
    const group = message.group as keyof typeof ofServers;
    const shown = ofServers[group] ?? (message.group === "job" ? jobs : rows);
    this.subscribers.push(callback);
    callback({
      t: "snapshot",
      v: 1,
      end: END,
      days: shown[0]?.cells.length ?? message.days ?? 30,
      tz: "Europe/Berlin",
      servers: group in ofServers ? (backups.length ? [BACKUP_SERVER] : []) : servers,
      rows: shown,
    });
    if (this.world.disconnected) setTimeout(() => this.tell("disconnected"));
    return async () => {
      this.subscribers = this.subscribers.filter((known) => known !== callback);
    };
  };

  sendMessagePromise = async (message: { type: string; ids?: string[]; row?: string }): Promise<unknown> => {
    this.sent.push(message);
    const rows = [...(this.world.rows ?? GUESTS), ...(this.world.jobs ?? JOBS), ...SERVER_JOBS, ...CLIENTS];
    const find = (id: string | undefined) => rows.find((row) => row.id === id) ?? (rows[0] as RowData);
    if (message.type === "call_service") return { response: TRIED };
    switch (message.type.split("/")[1]) {
      case "sizes":
        return Object.fromEntries((message.ids ?? []).map((id) => [id, sizesOf(find(id))]));
      case "runs":
        return details(find(message.row));
      case "log":
        return LOG;
      case "night":
        return { nights: this.world.nights ?? [NIGHT] };
      case "datastores":
        return { servers: this.world.backups ?? DATASTORES };
      case "causes":
        return { causes: this.world.causes ?? CAUSES };
      case "activity":
        return { activity: this.world.activity ?? ACTIVITY };
      case "digest":
        return { digests: this.world.digests ?? DIGESTS };
      case "start":
        return { clusters: this.world.start ?? [] };
      case "messages":
        return this.world.messages ?? { automation: { entity_id: "automation.told", id: "told", on: true } };
      case "survival":
        return this.world.survival ?? survivalOf((message as { died?: string }).died);
      case "storages":
        return {
          storages: this.world.storages ?? STORAGES,
          servers: this.world.servers ?? [server()],
          orphans: this.world.orphans,
        };
      default:
        return {
          version: "1.0.0",
          frontend_hash: "",
          entries: this.world.servers ?? [server()],
          backup_servers: this.world.backups ? [BACKUP_SERVER] : [],
        };
    }
  };

  addEventListener = (type: string, listener: () => void): void => {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  };

  removeEventListener = (type: string, listener: () => void): void => void this.#listeners.get(type)?.delete(listener);

  tell(type: "ready" | "disconnected"): void {
    for (const listener of this.#listeners.get(type) ?? []) listener();
  }

  push(event: WallEvent): void {
    for (const subscriber of this.subscribers) subscriber(event);
  }
}

export function fakeHass(world: World = {}): Hass & { connection: FakeConnection } {
  const language = world.language ?? "en";
  return {
    connection: new FakeConnection(world) as FakeConnection & Hass["connection"],
    locale: { language, number_format: "language", time_format: "24", time_zone: "server" },
    language,
    config: { time_zone: "Europe/Berlin" },
    user: { is_admin: world.admin ?? true },
    entities: {},
    devices: {},
    states: {},
    services: { proxmox_backup_checker: { acknowledge: {}, try_retention: {} } },
    callService: async () => undefined,
    callApi: async <T>() => ({}) as T,
  };
}
