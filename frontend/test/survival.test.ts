import { beforeEach, describe, expect, test } from "vitest";
import { NOW, server, survivalOf } from "../dev/canned";
import { generate } from "../src/dashboard/strategy";
import { show } from "./show";

const CARD = "proxmox-backup-if-died";

beforeEach(() => document.body.replaceChildren());

describe("what would be left", () => {
  test("is told for what costs most, the worst guest first", async () => {
    const shown = await show(CARD);
    expect(shown.find("h3")[0]?.textContent).toContain("If pve1 died");
    expect(shown.find(".guests > li b").map((name) => name.textContent?.split(" ")[0])).toEqual([
      ...["vaultwarden", "postgres", "home-assistant"],
      ...["nextcloud", "paperless", "jellyfin"],
    ]);
    expect(shown.find(".sums li").map((sum) => sum.textContent?.replace(/\s+/g, " ").trim())).toEqual([
      ...["1 lost", "?1 unknown", "1 from a copy", "3 live on"],
    ]);
    expect(shown.text()).toContain("11 hours lost");
  });

  test("names guests whose copies die without them, and folds the rest", async () => {
    const shown = await show(CARD);
    expect(shown.text()).toContain("They live on, but their copies do not");
    expect(shown.find("summary")[0]?.textContent).toBe("2 guests live on");
    expect(shown.find("summary")[1]?.textContent?.trim()).toBe("Storages: 1 of 3 would be gone");
  });

  test("is asked for anew when something else is chosen", async () => {
    const shown = await show(CARD);
    const [select] = shown.find<HTMLSelectElement>("select");
    expect([...(select?.options ?? [])].map((option) => option.textContent)).toEqual([
      ...["pve1 – 1 lost, 1 unknown", "pve2", "nas", "This house – 7 lost"],
    ]);
    if (select) select.value = "e1/node:pve2";
    select?.dispatchEvent(new Event("change"));
    await shown.settle();
    expect(shown.hass.connection.sent.at(-2)).toMatchObject({ died: "e1/node:pve2" });
    expect(shown.find("h3")[0]?.textContent).toContain("If pve2 died");
  });

  test("leads an administrator to where storages are placed, while something is not known", async () => {
    expect((await show(CARD)).find("a[href*=integration]")).toHaveLength(1);
    expect((await show(CARD, { admin: false })).find("a[href*=integration]")).toEqual([]);
    const { deaths, answer } = survivalOf();
    const known = answer && { ...answer, guests: answer.guests.slice(2), storages: [] };
    expect((await show(CARD, { survival: { deaths, answer: known } })).find("a[href*=integration]")).toEqual([]);
  });

  test("says so where no cluster has been read", async () => {
    const shown = await show(CARD, { survival: { deaths: [], answer: null } });
    expect(shown.text()).toContain("No cluster has been read yet.");
  });

  test("is a view of the dashboard, with a card for each cluster", async () => {
    const { hass } = await show(CARD, { servers: [server(), server({ id: "e2", name: "offsite", since: NOW })] });
    const dashboard = (await generate(hass)) as { views: { path: string; sections: { cards: object[] }[] }[] };
    const view = dashboard.views.find(({ path }) => path === "if-died");
    expect(view?.sections[0]?.cards).toMatchObject([{ server: "e1" }, { server: "e2", title: "offsite" }]);
  });
});
