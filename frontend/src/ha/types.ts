/** The part of Home Assistant's frontend that this code relies on. */

export interface Connection {
  readonly connected: boolean;
  subscribeMessage<T>(
    callback: (event: T) => void,
    message: object,
    options?: { resubscribe?: boolean },
  ): Promise<() => Promise<void>>;
  sendMessagePromise<T>(message: object): Promise<T>;
  addEventListener(type: "ready" | "disconnected", listener: () => void): void;
  removeEventListener(type: "ready" | "disconnected", listener: () => void): void;
}

export interface LocaleData {
  language: string;
  number_format?: string;
  time_format?: string;
  time_zone?: string;
}

export interface EntityEntry {
  entity_id: string;
  device_id?: string | null;
  platform?: string;
  translation_key?: string;
  hidden?: boolean;
}

export interface DeviceEntry {
  id: string;
  name?: string | null;
  name_by_user?: string | null;
  via_device_id?: string | null;
  config_entries?: string[];
  model?: string | null;
}

export interface EntityState {
  entity_id: string;
  state: string;
  attributes: Record<string, unknown>;
}

export interface Hass {
  connection: Connection;
  locale: LocaleData;
  language: string;
  config: { time_zone: string };
  user?: { is_admin: boolean };
  entities: Record<string, EntityEntry>;
  devices: Record<string, DeviceEntry>;
  states: Record<string, EntityState>;
  services: Record<string, Record<string, unknown> | undefined>;
  formatEntityAttributeName?(state: EntityState, attribute: string): string;
  formatEntityAttributeValue?(state: EntityState, attribute: string): string;
  callService(domain: string, service: string, data: object): Promise<unknown>;
  callApi<T>(method: string, path: string, body?: object): Promise<T>;
}

/** What a websocket command is refused with. */
export interface CommandError {
  code: string | number;
  message: string;
}
