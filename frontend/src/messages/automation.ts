import { messageOf } from "../data/commands";
import { DOMAIN, type MessageSetupInfo } from "../data/contract";
import type { Hass } from "../ha/types";
import type { Words } from "../i18n/words";

export type Way = "phone" | "notifier";

export interface Target {
  id: string;
  name: string;
}

const ALREADY_THERE = "already_exists";
const LONGEST_WAIT = 8_000;
const STEP = 250;

/** Each phone and notifier has one automation, however often somebody asks for it. */
export const automationId = (way: Way, target: Target): string =>
  `${DOMAIN}_messages_${way}_${target.id}`.replace(/[^A-Za-z0-9_]+/g, "_");

/** Returns an automation of the shipped blueprint, filled in. */
export function automationOf(way: Way, target: Target, path: string, words: Words) {
  return {
    alias: words.say("tell_alias", { name: target.name }),
    description: "",
    use_blueprint: { path, input: way === "phone" ? { phone: target.id } : { notifiers: [target.id] } },
  };
}

/** The same as text, for those who write their automations by hand. */
export function yamlOf(way: Way, target: Target, path: string, words: Words): string {
  const { alias, use_blueprint } = automationOf(way, target, path, words);
  const input = way === "phone" ? `      phone: ${target.id}` : `      notifiers:\n        - ${target.id}`;
  return [
    `- id: ${automationId(way, target)}`,
    `  alias: ${JSON.stringify(alias)}`,
    "  use_blueprint:",
    `    path: ${use_blueprint.path}`,
    "    input:",
    input,
  ].join("\n");
}

/**
 * Saves blueprint and automation with the session of who looks, as Home Assistant's own editor does.
 *
 * Returns whether the automation is there; where automations are kept in YAML alone, it is not, and nothing is left behind.
 */
export async function saveAutomation(
  hass: () => Hass,
  setup: MessageSetupInfo,
  way: Way,
  target: Target,
  words: Words,
): Promise<boolean> {
  const blueprint = setup.blueprints?.[way];
  if (!blueprint) return false;
  await hass()
    .connection.sendMessagePromise({ type: "blueprint/save", domain: "automation", ...blueprint })
    .catch((error: unknown) => {
      if ((error as { code?: unknown } | undefined)?.code !== ALREADY_THERE) throw error;
    });
  const id = automationId(way, target);
  const path = `config/automation/config/${id}`;
  try {
    await hass().callApi("POST", path, automationOf(way, target, blueprint.path, words));
  } catch (error) {
    // Without the editor there is no such address.
    if ((error as { status_code?: number } | undefined)?.status_code === 404) return false;
    throw new Error(messageOf(error) || String((error as { error?: unknown } | undefined)?.error ?? ""));
  }
  if (await appears(hass, id)) return true;
  await hass()
    .callApi("DELETE", path)
    .catch(() => undefined);
  return false;
}

async function appears(hass: () => Hass, id: string): Promise<boolean> {
  for (let waited = 0; waited <= LONGEST_WAIT; waited += STEP) {
    const there = Object.values(hass().states).some(
      (state) => state.entity_id.startsWith("automation.") && state.attributes.id === id,
    );
    if (there) return true;
    await new Promise((done) => setTimeout(done, STEP));
  }
  return false;
}
