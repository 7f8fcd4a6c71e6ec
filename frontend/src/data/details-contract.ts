/** What the server answers of one guest, job or group: its verdict, runs, archives, copies and logs. */

import type { RowData, RuleState, Status } from "./contract";

export type RunResult =
  | "ok"
  | "warning"
  | "failed"
  | "cancelled"
  | "interrupted"
  | "not_reached"
  | "unclear"
  | "running"
  | "missed";

export interface Run {
  upid: string | null;
  node: string | null;
  started: number;
  ended: number | null;
  day: string;
  result: RunResult;
  job_id: string | null;
  job_name: string | null;
  by_hand: boolean;
  confidence: string;
  size: number | null;
  transferred: number | null;
  duration: number | null;
  error: string | null;
  cause: string | null;
  step: string | null;
  storage: string | null;
  archive: string | null;
}

export interface Archive {
  volid: string;
  storage: string;
  ctime: number;
  size: number | null;
  /** Null where the token may not see whether it is complete, and no run proves it. */
  finished: boolean | null;
  verification: string | null;
  protected: boolean;
  encrypted: boolean | null;
}

/** The restore points of a guest in one place; moments in epoch seconds. */
export interface Copy {
  key: string;
  name: string;
  stands: "here" | "elsewhere" | "unknown";
  /** Who tells of it: a storage, the server itself, or only the log of the job that made it. */
  witness: "storage" | "server" | "log";
  storages: string[];
  newest: number | null;
  count: number;
  /** Whether it is good and new enough, null where nobody can know; and what speaks against it. */
  counts?: boolean | null;
  why?: string | null;
  /** The newest that was checked where it lies, and the newest whose check came along with it. */
  verified: number | null;
  verified_elsewhere: number | null;
  bad: boolean;
  protected: number;
  /** The newest that nobody removes now: it is protected, or its disk is away or cannot be written. */
  locked?: number | null;
  encrypted: boolean | null;
  unseen_since: number | null;
  away: boolean;
}

/** What copies come to: at least so many, and at most, null where nobody can tell; moments are of the newest ones. */
export interface Tally {
  copies: [number, number | null];
  media: [number, number | null];
  offsite: [number, number | null];
  newest: number | null;
  newest_offsite: number | null;
  newest_verified: number | null;
  newest_locked: number | null;
  rule: { name: string; state: RuleState; missing: string } | null;
}

export interface Offsite {
  status: Status;
  problem: boolean | null;
  reason: string;
  since: number | null;
  findings: string[];
  next_step: string | null;
}

export interface VerdictDetails {
  status: Status;
  problem: boolean | null;
  reason: string;
  reason_code: string;
  since: number | null;
  /** Since when at least, where it began before anybody looked. */
  seen_since?: number | null;
  confidence: string;
  confidence_text: string;
  evidence: string[];
  failures: number;
  last_success: number | null;
  next_due: number | null;
  findings: string[];
  next_step: string | null;
  /** The page that mends it, where there is one. */
  link?: string | null;
  error: string | null;
  acknowledged: { until: number | null; until_next_run: boolean; note: string | null } | null;
}

/** Everything about a row as it was when it was asked for; its last cell is the day `end`, which may be over by now. */
export interface Details {
  row: RowData;
  end: string;
  verdict: VerdictDetails;
  runs: Run[];
  /** What the verdict rests on, as sentences. */
  grounds: string[];
  /** Of each day, on one storage: sizes of archives, and what was sent for them. */
  sizes: { storage: string | null; sizes: (number | null)[]; transferred: (number | null)[] };
  archives: Archive[];
  /** Sentences: what restores have proven, and how long one may take. */
  restores: string[];
  /** The places in which a guest's restore points lie, the one with the newest first. */
  copies?: Copy[];
  /** What is held of those elsewhere; null where the user has not said of any place that it is. */
  offsite?: Offsite | null;
  tally?: Tally | null;
  url: string;
  device_id: string | null;
  /** Whether leaving it alone is offered, or has been chosen in the options. */
  ignoring?: "offered" | "chosen" | null;
  /** What the last run of a backup server's job did not do, group by group. */
  troubles?: { group: string; reason: string; error: string | null }[];
  /** What is known of a backup group besides. */
  facts?: GroupFacts | null;
}

export interface GroupFacts {
  owner: string | null;
  restore_points: number;
  size: number | null;
  verified: number | null;
  verification: string | null;
  encrypted: boolean | null;
  /** What its copies come to by the rule of a linked cluster, as a sentence. */
  copies?: string | null;
}

export interface NightRun {
  job_id: string;
  /** None for a run that somebody started by hand. */
  job: string | null;
  node: string;
  slot: number;
  begin: number;
  end: number;
  known: boolean;
  running: boolean;
  gives_up: boolean;
  late: boolean;
}

/** How the coming night of a cluster may go: a forecast. */
export interface Night {
  entry_id: string;
  begin: number;
  done: number | null;
  done_by: number | null;
  runs: NightRun[];
  told: { job: string; text: string }[];
}

export type KeepRule = "last" | "hourly" | "daily" | "weekly" | "monthly" | "yearly";

export interface TriedGuest {
  vmid: number;
  name: string | null;
  storage: string;
  /** The newest first; null where the storage could not be listed. */
  archives: { volid: string; created: string; size: number | null; stays: boolean; stays_now: boolean | null }[] | null;
}

/** What another retention would keep; bytes are null where a storage keeps equal data once or sizes are hidden. */
export interface TriedRetention {
  present: string | null;
  present_rules: Record<KeepRule, number> | null;
  removes: boolean;
  others: string[];
  deduplicated: boolean;
  stay: number;
  go: number;
  stay_bytes: number | null;
  go_bytes: number | null;
  guests: TriedGuest[];
}

export interface LogExcerpt {
  lines: { n: number; text: string; level: "error" | "warning" | "info" }[];
  first_error: number | null;
  total: number;
  truncated: boolean;
}
