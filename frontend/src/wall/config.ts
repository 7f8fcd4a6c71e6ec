import type { Group } from "../data/contract";
import type { Words } from "../i18n/words";
import type { RowFilter } from "../model/filter";
import { GROUPINGS, type Grouping } from "../model/groups";
import { SORTS, type Sort } from "../model/sort";
import { COLUMNS } from "./columns";

export interface WallConfig {
  type: string;
  title?: string;
  server?: string;
  group?: Group;
  days?: number;
  max_rows?: number;
  sort?: Sort;
  group_by?: Grouping;
  show?: string[];
  filter?: RowFilter;
  hide_deleted?: boolean;
}

/** The dialog that shows a wall; here, where those who open it and what it is made of both look. */
export const WALL_DIALOG = "pbc-wall-dialog";

export const DEFAULT_DAYS = 30;
export const DEFAULT_ROWS = 12;
export const PREVIEW_ROWS = 5;

const within = (value: unknown, low: number, high: number): boolean =>
  value === undefined || (typeof value === "number" && Number.isInteger(value) && value >= low && value <= high);

/** Refuses a configuration that cannot be shown, and says what is wrong with it. */
export function checkConfig(config: WallConfig, words: Words): void {
  if (!within(config.days, 7, 60)) throw new Error(words.say("err_days"));
  if (!within(config.max_rows, 1, 500)) throw new Error(words.say("err_max_rows"));
  if (config.group !== undefined && !GROUPS.includes(config.group)) throw new Error(words.say("err_group"));
  if (config.sort !== undefined && !SORTS.includes(config.sort)) {
    throw new Error(words.say("err_sort", { values: SORTS.join(", ") }));
  }
  if (config.group_by !== undefined && !GROUPINGS.includes(config.group_by)) {
    throw new Error(words.say("err_group_by", { values: GROUPINGS.join(", ") }));
  }
}

const GROUPS: Group[] = ["guest", "job", "pbsjob", "group"];

export const shownColumns = (config: WallConfig): readonly string[] => config.show ?? COLUMNS;
