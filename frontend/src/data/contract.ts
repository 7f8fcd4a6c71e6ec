/** What the integration's websocket commands say; times are epoch seconds, days are YYYY-MM-DD in Home Assistant's zone. */

export const DOMAIN = "proxmox_backup_checker";

export type Status =
  | "ok"
  | "pending"
  | "running"
  | "waiting"
  | "warning"
  | "failed"
  | "overdue"
  | "uncovered"
  | "paused"
  | "asleep"
  | "ignored"
  | "unknown";

export type ServerState =
  | "ok"
  | "stale"
  | "unreachable"
  | "auth_failed"
  | "certificate"
  | "not_loaded"
  | "starting"
  | "asleep";

/** Guests and jobs of clusters; jobs and groups of backup servers. */
export type Group = "guest" | "job" | "pbsjob" | "group";

export interface Counts {
  guests: number;
  protected: number;
  problems: number;
  warnings: number;
  uncovered: number;
  unknown: number;
  paused: number;
  ignored: number;
}

export interface Server {
  id: string;
  name: string;
  state: ServerState;
  since: number | null;
  error: string | null;
  device_id: string | null;
  url: string;
  /** Null while the server is not read: nothing is known to sum up. */
  counts: Counts | null;
  /** How many causes of problems it has, those of jobs, storages, copies and replicas too. */
  causes?: number;
  /** Of a backup server the problems that it has; whoever follows it learns by it that there are others. */
  problems?: string[];
}

export interface Info {
  version: string;
  frontend_hash: string;
  entries: Server[];
  backup_servers?: Server[];
}

/** How far a run is: `done` of `total` bytes of a guest, or guests of a job, whose turn it is and when it ends. */
export interface Progress {
  percent: number | null;
  done: number;
  total: number | null;
  now: string | null;
  ends: number | null;
}

export type RuleState = "met" | "below" | "pending" | "unknown" | "ignored";

/** Copies against a rule: `has` is as 3-2-1, with the guest itself as the first copy; `missing` is a sentence. */
export interface RowCopies {
  has: string;
  state: RuleState;
  missing: string;
}

/** One guest or one job; `where` is the guest's node or the job's storage, `cells` has a letter for each day. */
export interface RowData {
  id: string;
  name: string;
  kind: string;
  status: Status;
  problem: boolean | null;
  cells: string;
  /** Of the last good archive on the storage `size_on`, of a job's archives together. */
  size: number | null;
  size_on: string | null;
  /** What had to be sent for it. */
  transferred: number | null;
  duration: number | null;
  progress: Progress | null;
  last_success: number | null;
  next_due: number | null;
  entity_id: string | null;
  where: string;
  /** The jobs that back a guest up, and where to. */
  jobs: string[];
  storages: string[];
  reason: string;
  /** Why its newest restore point has not come elsewhere, where that is a problem. */
  offsite?: string | null;
  /** What all its copies come to; null where no rule is in force. */
  copies?: RowCopies | null;
  acknowledged: boolean;
  new: boolean;
  deleted: boolean;
  failures: number;
  tags: string[];
  device_id: string | null;
}

export type WallEvent =
  | { t: "snapshot"; v: number; end: string; days: number; tz: string; servers: Server[]; rows: RowData[] }
  | { t: "rows"; rows: RowData[]; gone: string[] }
  | { t: "servers"; servers: Server[] };

/** One cause of problems, told as a message would tell it; `rows` are the guests and jobs that it concerns. */
export interface Cause {
  id: string;
  entry_id: string;
  entity_ids: string[];
  kind: string;
  title: string;
  why: string[];
  todo: string | null;
  /** What it rests on, as sentences. */
  grounds: string[];
  /** The page that mends it, where there is one. */
  link: string | null;
  since: number | null;
  /** Since when at least, where nobody saw it begin. */
  seen_since?: number | null;
  /** Nothing is wrong for certain, but nothing can be seen. */
  unseen: boolean;
  silenced: boolean;
  guests: number;
  jobs: number;
  rows: string[];
  /** Of a backup server what it concerns: no wall has these rows at hand. */
  parts?: { id: string; name: string; status: Status; reason: string }[];
  upid: string | null;
}

/** A run of a job, or one that did not come; many of one day are one, which has no time but a day. */
export interface Happened {
  id: string;
  entry_id: string;
  row: string | null;
  status: Status;
  title: string;
  details: string[];
  at: number;
  day: string | null;
}

/** The last week of a cluster or backup server in a sentence; only clusters have a report. */
export interface Digest {
  id: string;
  name: string;
  summary: string;
  problems: number;
  unknown: boolean;
  warning: boolean;
  csv: string | null;
  html: string | null;
}

export interface Storage {
  id: string;
  entry_id: string;
  name: string;
  status: Status;
  problem: boolean | null;
  used: number | null;
  total: number | null;
  free: number | null;
  full_on: number | null;
  reason: string;
  entity_id: string | null;
  device_id: string | null;
  /** The datastore behind it, where its backup server is watched as well. */
  behind?: string | null;
}

/** A storage on which guests have left something that no longer exist; a size that the token may not see is null. */
export interface Orphans {
  entry_id: string;
  name: string;
  size: number | null;
  guests: {
    vmid: number;
    name: string;
    archives: number;
    protected: number;
    size: number | null;
    newest: number;
    /** Whether the guest was known here: what never was may be somebody else's. */
    seen_here: boolean;
  }[];
}

/** Who is told of problems; `ask` names the administrators for those who are none, the rest is for administrators. */
export interface MessageSetupInfo {
  automation: { entity_id: string; id: string; on: boolean } | null;
  ask?: string[];
  phones?: { id: string; name: string }[];
  notifiers?: { id: string; name: string }[];
  blueprints?: Record<"phone" | "notifier", { path: string; yaml: string }>;
}

/** How far a cluster is on the way to its first proof; `jobs` is null where the token may not see them. */
export interface Checklist {
  id: string;
  rights_missing: boolean;
  jobs: number | null;
  guests: number;
  in_no_job: number;
  proven: number;
  first_due: number | null;
  nodes: number;
  agents: number;
}

/** A group of a guest that no linked cluster has. */
export interface LooseGroup {
  ns: string;
  group: string;
  name: string | null;
  owner: string | null;
  orphaned: boolean;
  last: number | null;
  count: number;
  size: number | null;
}

export interface Datastore {
  name: string;
  comment: string | null;
  status: Status;
  problem: boolean | null;
  reason: string;
  findings: string[];
  next_step: string | null;
  used: number | null;
  total: number | null;
  free: number | null;
  is_cache: boolean;
  full_on: number | null;
  collected: number | null;
  filled: number | null;
  verified: number | null;
  bad: number;
  groups: number;
  restore_points: number;
  loose: LooseGroup[];
  loose_count: number;
  entity_id: string | null;
  device_id: string | null;
}

/** A backup server with its datastores. */
export interface BackupServer {
  id: string;
  name: string;
  status: Status;
  problem: boolean | null;
  reason: string;
  next_step: string | null;
  version: string | null;
  waiting: number;
  entity_id: string | null;
  device_id: string | null;
  datastores: Datastore[];
}

/** What is left of a guest: nothing, nobody knows, a copy, or the guest itself. */
export type Left = "none" | "unknown" | "copy" | "lives";

/** What can die; `none` and `unknown` count the guests of which nothing would be left, or nobody knows. */
export interface Death {
  key: string;
  entry_id: string;
  kind: "node" | "storage" | "place";
  name: string;
  none: number;
  unknown: number;
}

export interface GuestLeft {
  id: string;
  name: string;
  vmid: number;
  left: Left;
  text: string;
  /** How much work would be lost, in words. */
  lost: string | null;
  /** It lives on, but its copies do not. */
  bare: boolean;
}

export interface Survival {
  deaths: Death[];
  answer: {
    died: string;
    heading: string;
    read: number;
    guests: GuestLeft[];
    /** Null where nobody knows. */
    storages: { name: string; left: boolean | null; why: string | null }[];
  } | null;
}
