import type { Group, Status } from "../data/contract";
import type { Row } from "../data/row";

/** How a status looks: a colour, and a shape that says the same without it. */
export type Tone = "ok" | "warning" | "bad" | "running" | "muted";
export type Shape = "disc" | "square" | "triangle" | "ring" | "diamond" | "dots" | "dash" | "question";

interface Look {
  tone: Tone;
  shape: Shape;
}

const LOOKS: Record<Status, Look> = {
  failed: { tone: "bad", shape: "triangle" },
  overdue: { tone: "bad", shape: "ring" },
  uncovered: { tone: "bad", shape: "diamond" },
  unknown: { tone: "muted", shape: "question" },
  warning: { tone: "warning", shape: "square" },
  running: { tone: "running", shape: "dots" },
  waiting: { tone: "muted", shape: "ring" },
  pending: { tone: "muted", shape: "ring" },
  ok: { tone: "ok", shape: "disc" },
  paused: { tone: "muted", shape: "dash" },
  asleep: { tone: "muted", shape: "dash" },
  ignored: { tone: "muted", shape: "dash" },
};

/** All statuses, the worst first. */
export const STATUSES = Object.keys(LOOKS) as Status[];

export const lookOf = (status: Status): Look => LOOKS[status] ?? LOOKS.unknown;

export const rankOf = (status: Status): number => STATUSES.indexOf(status);

/** What a cell of the strip stands for, by its letter. */
export const CELLS = ["o", "w", "f", "m", "r", "p", "n", "u"] as const;
export type Cell = (typeof CELLS)[number];

const BAD = new Set(["f", "m"]);

/** Counts the days that failed or missed a backup. */
export const badDays = (cells: string): number => [...cells].filter((cell) => BAD.has(cell)).length;

/** Tells whether a row asks for attention. */
export const needsAttention = (row: Row): boolean => row.problem === true && !row.acknowledged && !row.deleted;

/** Tells whether a row says more than that all is well, and so shows its reason. */
const showsReason = (row: Row): boolean =>
  !row.deleted &&
  (row.problem !== false || row.status === "warning" || row.status === "uncovered") &&
  !["pending", "waiting", "ok", "paused", "asleep", "ignored", "running"].includes(row.status);

/** Returns what is said below a row: why it is as it is, and why its newest restore point has not come elsewhere. */
export const textBelow = (row: Row): string =>
  [showsReason(row) ? row.reason : "", row.offsite ?? ""].filter(Boolean).join(" ");

export const groupOf = (row: Row): Group => (row.kind === "job" ? "job" : "guest");
