import { describe, expect, test } from "vitest";
import { NOW } from "../dev/canned";
import { fakeHass } from "../dev/fake-hass";
import type { Checklist, MessageSetupInfo } from "../src/data/contract";
import type { Hass } from "../src/ha/types";
import { wordsIn } from "../src/i18n/words";
import { automationId, automationOf, saveAutomation, yamlOf } from "../src/messages/automation";
import "../src/messages/messages-elements";
import { summed } from "../src/start/sum";
import { show } from "./show";

const checklist = (own: Partial<Checklist> = {}): Checklist => ({
  id: "e1",
  rights_missing: false,
  jobs: 2,
  guests: 12,
  in_no_job: 0,
  proven: 0,
  first_due: NOW + 3600,
  nodes: 3,
  agents: 0,
  ...own,
});
const PHONE = { id: "d1", name: "Ada's phone" };
const SETUP: MessageSetupInfo = {
  automation: null,
  phones: [PHONE],
  notifiers: [{ id: "notify.mail", name: "Mail" }],
  blueprints: {
    phone: { path: "proxmox_backup_checker/phone.yaml", yaml: "a" },
    notifier: { path: "proxmox_backup_checker/notifier.yaml", yaml: "b" },
  },
};
const words = wordsIn("en");

describe("the first steps", () => {
  test("say on the first day what is watched and when the first proof comes", async () => {
    const shown = await show("proxmox-backup-start", { start: [checklist()], messages: SETUP });
    expect(shown.text()).toContain("Watching 12 guests. First proof today");
    expect(shown.text()).toContain("12 of 12 guests are in a job");
    expect(shown.text()).toContain("Tell me on my phone");
  });

  test("name a right that is missing, with the way to mend it, and claim no date that has passed", async () => {
    const start = [checklist({ rights_missing: true, jobs: null, first_due: NOW - 60 })];
    const shown = await show("proxmox-backup-start", { start, messages: SETUP });
    expect(shown.find("a").map((link) => link.getAttribute("href"))).toContain("/config/repairs");
    expect(shown.text()).not.toContain("First proof");
    expect(shown.find(".done")).toHaveLength(1);
  });

  test("are over once something is proven and somebody is told", async () => {
    const on = { entity_id: "automation.told", id: "told", on: true };
    const start = [checklist({ proven: 11 })];
    const told = await show("proxmox-backup-start", { start, messages: { ...SETUP, automation: on } });
    expect(told.text().trim()).toBe("");
    const off = await show("proxmox-backup-start", { start, messages: { ...SETUP, automation: { ...on, on: false } } });
    expect(off.text()).toContain("is switched off");
    const nobody = await show("proxmox-backup-start", { start, messages: SETUP });
    expect(nobody.text()).toContain("Nobody is told yet");
  });

  test("of several clusters are summed up, and what one does not know is known of none", () => {
    const sum = summed([checklist(), checklist({ jobs: null, first_due: NOW + 60, proven: 1 })]);
    expect(sum).toMatchObject({ guests: 24, proven: 1, jobs: null, first_due: NOW + 60 });
  });
});

describe("the way to messages", () => {
  test("offers phones and notifiers to an administrator, and names one to everybody else", async () => {
    const admin = await show("pbc-message-setup", { messages: SETUP });
    expect(admin.find(".target b").map((target) => target.textContent)).toEqual(["Ada's phone", "Mail"]);
    const other = await show("pbc-message-setup", { messages: { automation: null, ask: ["Ada"] } });
    expect(other.text()).toContain("Ask an administrator to set up messages: Ada.");
    expect(other.find(".target")).toEqual([]);
  });

  test("fills in the shipped blueprint, under one id however often it is pressed", () => {
    expect(automationOf("phone", PHONE, "p.yaml", words)).toEqual({
      alias: "Proxmox backup messages: Ada's phone",
      description: "",
      use_blueprint: { path: "p.yaml", input: { phone: "d1" } },
    });
    expect(automationId("notifier", { id: "notify.mail", name: "Mail" })).toBe(
      "proxmox_backup_checker_messages_notifier_notify_mail",
    );
    expect(yamlOf("notifier", { id: "notify.mail", name: "Mail" }, "n.yaml", words)).toContain("        - notify.mail");
  });

  const world = (appears: boolean, refuse?: object) => {
    const calls: string[] = [];
    const hass: Hass = { ...fakeHass(), states: {} };
    hass.connection.sendMessagePromise = async () => Promise.reject({ code: "already_exists" });
    hass.callApi = async <T>(method: string, path: string) => {
      calls.push(`${method} ${path}`);
      if (refuse) throw refuse;
      if (appears) {
        hass.states["automation.x"] = {
          entity_id: "automation.x",
          state: "on",
          attributes: { id: automationId("phone", PHONE) },
        };
      }
      return {} as T;
    };
    return { calls, save: () => saveAutomation(() => hass, SETUP, "phone", PHONE, words) };
  };

  test("saves with the session of who presses, also where the blueprint is there already", async () => {
    const { calls, save } = world(true);
    expect(await save()).toBe(true);
    expect(calls).toEqual(["POST config/automation/config/proxmox_backup_checker_messages_phone_d1"]);
  });

  test("gives the text to paste where there is no editor, and says why where it is refused", async () => {
    expect(await world(false, { status_code: 404 }).save()).toBe(false);
    await expect(world(false, { status_code: 500, message: "disk full" }).save()).rejects.toThrow("disk full");
  });
});
