import type { Row } from "../data/row";
import type { Hass } from "../ha/types";
import type { Words } from "../i18n/words";

/** Returns an automation that tells of a row's problems, for the user to go on with. */
export function automationFor(row: Row, words: Words): object {
  return {
    alias: words.say("automation_name", { name: row.name }),
    description: words.say("automation_description", { name: row.name }),
    mode: "single",
    triggers: [{ trigger: "state", entity_id: row.entityId, to: "on" }],
    conditions: [],
    actions: [
      {
        action: "persistent_notification.create",
        data: {
          title: words.say("automation_name", { name: row.name }),
          message: `{{ state_attr('${row.entityId}', 'reason') }}`,
        },
      },
    ],
  };
}

/** Stores the automation and returns the page of its editor: the editor takes no draft from outside. */
export async function createAutomation(hass: Hass, row: Row, words: Words): Promise<string> {
  const id = String(Date.now());
  await hass.callApi("POST", `config/automation/config/${id}`, automationFor(row, words));
  return `/config/automation/edit/${id}`;
}
