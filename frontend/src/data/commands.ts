/** The integration's websocket commands and actions. */

import type { Connection, Hass } from "../ha/types";
import { languageOf } from "../i18n/words";
import {
  type BackupServer,
  type Cause,
  type Checklist,
  type Digest,
  DOMAIN,
  type Happened,
  type Info,
  type MessageSetupInfo,
  type Orphans,
  type Server,
  type Storage,
  type Survival,
} from "./contract";
import type { Details, KeepRule, LogExcerpt, Night, TriedRetention } from "./details-contract";

const ask = <T>(connection: Connection, command: string, message: object = {}): Promise<T> =>
  connection.sendMessagePromise<T>({ type: `${DOMAIN}/${command}`, ...message });

export const fetchInfo = (connection: Connection) => ask<Info>(connection, "info");

export const fetchSizes = (connection: Connection, ids: string[], days: number) =>
  ask<Record<string, (number | null)[]>>(connection, "sizes", { ids, days });

export const fetchDetails = (hass: Hass, id: string, days: number) =>
  ask<Details>(hass.connection, "runs", { row: id, days, language: languageOf(hass) });

export const fetchLog = (
  connection: Connection,
  request: { entry_id: string; upid: string; vmid?: number; whole?: boolean },
) => ask<LogExcerpt>(connection, "log", request);

export const fetchStorages = (hass: Hass, entryId?: string) =>
  ask<{ storages: Storage[]; servers: Server[]; orphans?: Orphans[] }>(hass.connection, "storages", {
    language: languageOf(hass),
    ...(entryId ? { entry_id: entryId } : {}),
  });

export const fetchNights = (hass: Hass, entryId?: string) =>
  ask<{ nights: Night[] }>(hass.connection, "night", {
    language: languageOf(hass),
    ...(entryId ? { entry_id: entryId } : {}),
  });

export const fetchDatastores = (hass: Hass, entryId?: string) =>
  ask<{ servers: BackupServer[] }>(hass.connection, "datastores", {
    language: languageOf(hass),
    ...(entryId ? { entry_id: entryId } : {}),
  });

export const fetchCauses = (hass: Hass, entryId?: string) =>
  ask<{ causes: Cause[] }>(hass.connection, "causes", {
    language: languageOf(hass),
    ...(entryId ? { entry_id: entryId } : {}),
  });

export const fetchSurvival = (hass: Hass, entryId?: string, died?: string) =>
  ask<Survival>(hass.connection, "survival", {
    language: languageOf(hass),
    ...(entryId ? { entry_id: entryId } : {}),
    ...(died ? { died } : {}),
  });

export const fetchActivity = (hass: Hass, entryId?: string) =>
  ask<{ activity: Happened[] }>(hass.connection, "activity", {
    language: languageOf(hass),
    ...(entryId ? { entry_id: entryId } : {}),
  });

export const fetchDigest = (hass: Hass, entryId?: string) =>
  ask<{ digests: Digest[] }>(hass.connection, "digest", {
    language: languageOf(hass),
    ...(entryId ? { entry_id: entryId } : {}),
  });

export const fetchStart = (hass: Hass, entryId?: string) =>
  ask<{ clusters: Checklist[] }>(hass.connection, "start", entryId ? { entry_id: entryId } : {});

export const fetchMessageSetup = (hass: Hass) =>
  ask<MessageSetupInfo>(hass.connection, "messages", { language: languageOf(hass) });

/** Sends a message that says that it is a test, in the name of one cluster. */
export async function sendTest(hass: Hass): Promise<void> {
  const [first] = (await fetchInfo(hass.connection)).entries.filter((server) => server.counts);
  await hass.callService(DOMAIN, "test_alert", first ? { config_entry_id: first.id } : {});
}

/** How long a problem is silenced: some hours, until another run, or until it is over. */
export type Silence = { hours: number } | "until_next_run" | "until_fixed";

/** Silences the messages about a problem, which is to acknowledge it. */
export function silence(hass: Hass, entityId: string | string[], how: Silence): Promise<unknown> {
  const until =
    how === "until_fixed"
      ? {}
      : how === "until_next_run"
        ? { until_next_run: true }
        : { until: new Date(Date.now() + how.hours * 3_600_000).toISOString() };
  return hass.callService(DOMAIN, "acknowledge", { entity_id: entityId, ...until });
}

/** Chooses in the options that a guest or job is left alone, or no more. */
export const ignore = (connection: Connection, row: string, ignored: boolean): Promise<void> =>
  ask(connection, "ignore", { row, ignored });

export const unsilence = (hass: Hass, entityId: string | string[]) =>
  hass.callService(DOMAIN, "unacknowledge", { entity_id: entityId });

/** Tries keep values for a job of a cluster; nothing is changed. */
export async function tryRetention(
  hass: Hass,
  entry: string,
  job: string,
  keep: Partial<Record<KeepRule, number>>,
): Promise<TriedRetention> {
  const values = Object.fromEntries(Object.entries(keep).map(([rule, count]) => [`keep_${rule}`, count]));
  const { response } = await hass.connection.sendMessagePromise<{ response: TriedRetention }>({
    type: "call_service",
    domain: DOMAIN,
    service: "try_retention",
    service_data: { config_entry_id: entry, job, ...values },
    return_response: true,
  });
  return response;
}

/** Returns the text of whatever a command was refused with; a connection that is lost has none. */
export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === "string" ? message : "";
}
