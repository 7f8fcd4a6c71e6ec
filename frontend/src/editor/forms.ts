import "../i18n/more";
import { DOMAIN } from "../data/contract";
import { fetchedPageWords } from "../ha/page-words";
import type { Key } from "../i18n/keys";
import type { Words } from "../i18n/words";
import { GROUPINGS } from "../model/groups";
import { SORTS } from "../model/sort";
import { STATUSES } from "../model/status";
import { COLUMNS } from "../wall/columns";
import { checkConfig, type WallConfig } from "../wall/config";

interface FormField {
  name: string;
  type?: string;
  flatten?: boolean;
  title?: string;
  icon?: string;
  selector?: object;
  schema?: FormField[];
}

const serverField: FormField = { name: "server", selector: { config_entry: { integration: DOMAIN } } };

const LABELS: Record<string, Key> = {
  title: "ed_title",
  server: "ed_server",
  group: "ed_group",
  days: "ed_days",
  max_rows: "ed_max_rows",
  sort: "ed_sort",
  group_by: "group_by",
  show: "ed_show",
  filter: "ed_filter",
  hide_deleted: "ed_hide_deleted",
  status: "ed_status",
  tags: "ed_tags",
  where: "ed_where",
  problems: "ed_problems",
  navigation_path: "ed_path",
};
const HELP: Record<string, Key> = { server: "ed_server_help", days: "ed_days_help", navigation_path: "ed_path_help" };

/** Returns a form of Home Assistant's, with our labels. */
function form(words: Words, schema: FormField[], assertConfig?: (config: never) => void) {
  const text = (keys: Record<string, Key>) => (field: FormField) => {
    const key = keys[field.name];
    return key ? words.say(key) : undefined;
  };
  return { schema, computeLabel: text(LABELS), computeHelper: text(HELP), ...(assertConfig ? { assertConfig } : {}) };
}

const FIELDS: Record<string, FormField> = {
  title: { name: "title", selector: { text: {} } },
  server: serverField,
  max_rows: { name: "max_rows", selector: { number: { min: 1, max: 50, mode: "box" } } },
  navigation_path: { name: "navigation_path", selector: { navigation: {} } },
};

/** The editor of a card with few settings. */
export const simpleForm = async (fields: readonly string[]) =>
  form(
    await fetchedPageWords(),
    fields.flatMap((field) => FIELDS[field] ?? []),
  );

/** The wall's visual editor. */
export async function wallForm() {
  const words = await fetchedPageWords();

  const choose = (values: readonly string[], prefix: string, multiple = false) => ({
    select: {
      multiple,
      mode: multiple ? "list" : "dropdown",
      options: values.map((value) => ({ value, label: words.say(`${prefix}${value}` as Key) })),
    },
  });
  return form(
    words,
    [
      { name: "title", selector: { text: {} } },
      serverField,
      {
        name: "",
        type: "grid",
        flatten: true,
        schema: [
          { name: "group", selector: choose(["guest", "job"], "ed_group_") },
          { name: "sort", selector: choose(SORTS, "ed_sort_") },
          { name: "group_by", selector: choose(GROUPINGS, "group_by_") },
          { name: "days", selector: { number: { min: 7, max: 60, mode: "slider" } } },
          { name: "max_rows", selector: { number: { min: 1, max: 500, mode: "box" } } },
        ],
      },
      { name: "show", selector: choose(COLUMNS, "ed_show_", true) },
      {
        name: "filter",
        type: "expandable",
        title: words.say("ed_filter"),
        schema: [
          { name: "problems", selector: { boolean: {} } },
          { name: "status", selector: { select: { ...choose(STATUSES, "status_", true).select, mode: "dropdown" } } },
          { name: "tags", selector: { text: { multiple: true } } },
          { name: "where", selector: { text: { multiple: true } } },
        ],
      },
      { name: "hide_deleted", selector: { boolean: {} } },
    ],
    (config: WallConfig) => checkConfig(config, words),
  );
}
