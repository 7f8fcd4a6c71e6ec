import { DOMAIN } from "../data/contract";
import type { Row } from "../data/row";
import type { Hass } from "../ha/types";
import type { Words } from "../i18n/words";

const NOT_FOUND = 404;

/**
 * Returns an automation that tells of a row's problems, for the user to go on with.
 *
 * The integration's own triggers say each failed run and each missed one once: a restart or a reload is none.
 */
export function automationFor(row: Row, words: Words): object {
  const target = { entity_id: row.entityId };
  return {
    alias: words.say("automation_name", { name: row.name }),
    description: words.say("automation_description", { name: row.name }),
    mode: "queued",
    triggers: [
      { trigger: `${DOMAIN}.backup_failed`, target },
      { trigger: `${DOMAIN}.backup_overdue`, target },
    ],
    conditions: [],
    actions: [
      {
        action: "persistent_notification.create",
        data: {
          title: words.say("automation_name", { name: row.name }),
          message: "{{ trigger.to_state.attributes.reason }} {{ trigger.to_state.attributes.next_step or '' }}",
          notification_id: automationId(row),
        },
      },
    ],
  };
}

/** Returns the one id that the automation of a row has, so that there is never a second. */
export const automationId = (row: Row): string => `${DOMAIN}_${row.id}`.replace(/[^A-Za-z0-9_]+/g, "_");

/** Returns the page of the automation's editor, which takes no draft from outside: it is stored unless it is there. */
export async function createAutomation(hass: Hass, row: Row, words: Words): Promise<string> {
  const id = automationId(row);
  const path = `config/automation/config/${id}`;
  if (!(await exists(hass, path))) await hass.callApi("POST", path, automationFor(row, words));
  return `/config/automation/edit/${id}`;
}

async function exists(hass: Hass, path: string): Promise<boolean> {
  try {
    await hass.callApi("GET", path);
    return true;
  } catch (error) {
    if ((error as { status_code?: number } | undefined)?.status_code === NOT_FOUND) return false;
    throw error;
  }
}
