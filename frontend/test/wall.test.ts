import { beforeEach, describe, expect, test, vi } from "vitest";
import { COUNTS, GUESTS, guest, HEALTHY, healthy, manyGuests, NOW, server } from "../dev/canned";
import type { RowData, ServerState } from "../src/data/contract";
import { fetchWords } from "../src/i18n/words";
import { show } from "./show";

const WALL = "proxmox-backup-wall";
const lost = (state: ServerState, change = {}) =>
  server({ state, since: NOW - 7200, error: "Connection refused.", ...change });

beforeEach(() => document.body.replaceChildren());

describe("the wall", () => {
  test("1 loading: says so and shows no rows", async () => {
    const wall = await show(WALL, { refusal: "never" });
    expect(wall.text()).toContain("Loading backups");
    expect(wall.find("ha-card[aria-busy=true]")).toHaveLength(1);
    expect(wall.find(".row")).toEqual([]);
  });

  test("2 all well: says that all are protected, and still shows the days", async () => {
    const wall = await show(WALL, { rows: HEALTHY, servers: [healthy()] });
    expect(wall.text()).toContain("All 9 guests protected");
    expect(wall.find(".summary.ok")).toHaveLength(1);
    expect(wall.find(".strip").length).toBe(HEALTHY.length);
  });

  test("2 nearly well: never says all where one is not", async () => {
    const counts = { ...COUNTS, protected: 8, ignored: 1 };
    const wall = await show(WALL, { rows: HEALTHY, servers: [healthy({ counts })] });
    expect(wall.text()).toContain("8 of 9 protected");
    expect(wall.text()).not.toContain("All");
  });

  test("2 none yet: shows no green shield where nobody is protected", async () => {
    const counts = { ...COUNTS, guests: 9, protected: 0 };
    const wall = await show(WALL, { rows: HEALTHY, servers: [healthy({ counts })] });
    expect(wall.text()).toContain("0 of 9 protected");
    expect(wall.find(".summary.muted")).toHaveLength(1);
  });

  test("3 problems: the worst first, each with its reason", async () => {
    const wall = await show(WALL);
    expect(wall.text()).toContain("2 problems");
    expect(
      wall
        .find(".name b")
        .map((name) => name.textContent)
        ?.slice(0, 3),
    ).toEqual(["postgres", "paperless", "test-build"]);
    expect(wall.find(".reason")[0]?.textContent).toContain("pbs-offsite is full");
  });

  test("a guest whose copy has not come elsewhere says so, though its backup is well", async () => {
    const [row] = HEALTHY as [(typeof HEALTHY)[number]];
    const wall = await show(WALL, { rows: [{ ...row, offsite: "The sync job always skips vm/101." }] });
    expect(wall.find(".reason")[0]?.textContent).toBe("The sync job always skips vm/101.");
    expect((await show(WALL, { rows: [row] })).find(".reason")).toEqual([]);
  });

  test("each guest says what copies it has, and what is missing, where a rule is in force", async () => {
    const [row, other] = HEALTHY as [(typeof HEALTHY)[number], (typeof HEALTHY)[number]];
    const below = { has: "2-1-0", state: "below" as const, missing: "No copy outside this house." };
    const met = { has: "3-2-1", state: "met" as const, missing: "3-2-1 is met." };
    const wall = await show(WALL, {
      rows: [
        { ...row, copies: met },
        { ...other, copies: below },
      ],
    });
    expect(wall.find(".row .copies").map((cell) => cell.title)).toEqual([met.missing, below.missing]);
    const sort = wall.find<HTMLButtonElement>(".by").find((button) => button.textContent?.includes("Copies"));
    sort?.click();
    await wall.settle();
    expect(wall.find(".row .copies").map((cell) => cell.textContent?.replace(/\s+/g, " ").trim())).toEqual([
      "Copies: 2-1-0No copy outside this house.",
      "Copies: 3-2-1",
    ]);
    const without = await show(WALL, { rows: [row] });
    expect(without.find(".row .copies")).toEqual([]);
    expect(without.text()).not.toContain("Copies");
  });

  test("4 filtered by a chip, and back", async () => {
    const wall = await show(WALL);
    const chip = wall.find<HTMLButtonElement>(".chip").find((candidate) => candidate.textContent?.includes("Overdue"));
    chip?.click();
    await wall.settle();
    expect(chip?.getAttribute("aria-pressed")).toBe("true");
    expect(wall.find(".row")).toHaveLength(1);
    chip?.click();
    await wall.settle();
    expect(wall.find(".row").length).toBeGreaterThan(5);
  });

  test("4 filtered to nothing: says so and shows all again when asked", async () => {
    const wall = await show(WALL);
    const input = wall.find<HTMLInputElement>("input[type=search]")[0];
    if (input) input.value = "nobody";
    input?.dispatchEvent(new Event("input"));
    await wall.settle();
    expect(wall.text()).toContain("Nothing matches.");
    wall.find<HTMLButtonElement>(".blank .btn")[0]?.click();
    await wall.settle();
    expect(wall.find(".row").length).toBeGreaterThan(5);
  });

  test("4 filtered to nothing by its configuration: has nothing to take back", async () => {
    const wall = await show(WALL, { rows: HEALTHY, servers: [healthy()] }, { filter: { status: ["failed"] } });
    expect(wall.text()).toContain("Nothing matches.");
    expect(wall.find(".blank .btn")).toEqual([]);
  });

  test("5 empty: no guests, no jobs", async () => {
    expect((await show(WALL, { rows: [] })).text()).toContain("No guests yet");
    expect((await show(WALL, { jobs: [] }, { group: "job" })).text()).toContain("No backup jobs yet");
  });

  test("6 no server: leads to where one is added", async () => {
    const wall = await show(WALL, { rows: [], servers: [] });
    expect(wall.find("a.btn")[0]?.getAttribute("href")).toBe(
      "/config/integrations/dashboard/add?domain=proxmox_backup_checker",
    );
  });

  test("7 server lost: says how old the rows are, and draws them faintly", async () => {
    const wall = await show(WALL, { servers: [lost("stale")] });
    expect(wall.find("ha-alert[alert-type=warning]")[0]?.textContent).toContain(
      "homelab cannot be read. What you see is from 2 hours ago.",
    );
    expect(wall.find(".row.old").length).toBe(wall.find(".row").length);
  });

  test("7 server lost: does not look well", async () => {
    const wall = await show(WALL, { rows: HEALTHY, servers: [healthy({ state: "stale", since: NOW - 7200 })] });
    expect(wall.text()).toContain("9 of 9 protected");
    expect(wall.text()).not.toContain("All 9");
    expect(wall.find(".summary.ok")).toEqual([]);
  });

  test.each([
    ["auth_failed", "/config/integrations/"],
    ["certificate", "/config/repairs"],
  ] as const)("8 %s: leads to where it is mended", async (state, page) => {
    const wall = await show(WALL, { servers: [lost(state)] });
    expect(wall.find("ha-alert[alert-type=error] a")[0]?.getAttribute("href")).toContain(page);
    expect(wall.find(".row.old").length).toBeGreaterThan(0);
  });

  test("says that there is no backup only of what can be judged", async () => {
    const row = (vmid: number, change: Partial<RowData>): RowData => ({
      ...guest({ vmid, name: `g${vmid}` }),
      last_success: null,
      ...change,
    });
    const wall = await show(WALL, {
      rows: [row(1, { status: "uncovered", problem: true }), row(2, { status: "unknown", problem: null })],
    });
    expect(
      wall.find(".row").map((one) => /Last good backup: (none known|unknown)/.exec(one.textContent ?? "")?.[1]),
    ).toEqual(["none known", "unknown"]);
  });

  test("counts what is silenced, which stays a problem", async () => {
    const rows = GUESTS.map((row, n) => (n === 0 ? { ...row, acknowledged: true } : row));
    const wall = await show(WALL, { rows });
    expect(wall.find(".summary")[0]?.textContent).toMatch(/2 problems.*1 of them silenced/s);
    expect(wall.text()).toContain("Silenced");
  });

  test("tells of rows below the edge, and shows them all when asked", async () => {
    const wall = await show(WALL, { rows: manyGuests(30) }, { max_rows: 12 });
    expect(wall.text()).toContain("12 of 30");
    wall.find<HTMLButtonElement>(".foot .link")[0]?.click();
    await wall.settle();
    expect(wall.find(".foot")).toEqual([]);
    expect(wall.find(".row").length).toBe(30);
  });

  test("opens all rows in a dialog where they are too many for the page", async () => {
    const wall = await show(WALL, { rows: manyGuests(300) }, { max_rows: 12 });
    const opened = new Promise<CustomEvent>((done) =>
      document.addEventListener("show-dialog", (event) => done(event as CustomEvent), { once: true }),
    );
    wall.find<HTMLButtonElement>(".foot .link")[0]?.click();
    expect((await opened).detail.dialogParams.config.max_rows).toBe(500);
  });

  test("9 error: says which, and tries again", async () => {
    const wall = await show(WALL, {
      refusal: { code: "home_assistant_error", message: "The history cannot be read." },
    });
    expect(wall.text()).toContain("The history cannot be read.");
    wall.hass.connection.world.refusal = undefined as never;
    wall.find<HTMLButtonElement>("ha-alert button")[0]?.click();
    await wall.settle();
    expect(wall.find(".row").length).toBeGreaterThan(0);
  });

  test("9 unreachable without old data: says no more than that", async () => {
    const wall = await show(WALL, { rows: [], servers: [lost("unreachable")] });
    expect(wall.text()).toContain("homelab cannot be reached. Connection refused.");
    expect(wall.text()).not.toContain("No guests yet");
    expect(wall.text()).not.toContain("protected");
  });

  test("10 one of two lost: names it, and dims only its rows", async () => {
    const other = GUESTS.slice(5, 7).map((row): RowData => ({ ...row, id: row.id.replace("e1", "e2") }));
    const wall = await show(WALL, {
      servers: [server(), lost("stale", { id: "e2", name: "offsite" })],
      rows: [...GUESTS.slice(0, 3), ...other],
    });
    expect(wall.find("ha-alert")).toHaveLength(1);
    expect(wall.find(".row.old")).toHaveLength(2);
    expect(wall.find(".row.old small")[0]?.textContent).toContain("offsite");
  });

  test("11 running: has a mark and a cell of its own", async () => {
    const wall = await show(WALL, { rows: [guest({ vmid: 1, name: "a", status: "running", cells: "r" })] });
    expect(wall.find(".row .mark.running")).toHaveLength(1);
    expect(wall.find(".c-r")).toHaveLength(1);
  });

  test("12 deleted: at the end, struck, or hidden", async () => {
    const wall = await show(WALL);
    expect(wall.find(".row").at(-1)?.classList.contains("deleted")).toBe(true);
    expect(wall.find(".row").at(-1)?.textContent).toContain("Deleted");
    expect((await show(WALL, {}, { hide_deleted: true })).find(".deleted")).toEqual([]);
  });

  test.each(["unreachable", "not_loaded", "starting"] as const)(
    "sums up nothing of a server that is not read: %s",
    async (state) => {
      const wall = await show(WALL, { rows: HEALTHY, servers: [healthy({ state, counts: null })] });
      expect(wall.text()).not.toContain("protected");
      expect(wall.find(".summary.muted")).toHaveLength(1);
      const both = await show(WALL, {
        rows: HEALTHY,
        servers: [healthy(), healthy({ id: "e2", state, counts: null })],
      });
      expect(both.text()).toContain("9 of 9 protected");
    },
  );

  test("13 new: the days before it have no data", async () => {
    const wall = await show(WALL, { rows: GUESTS.filter((row) => row.name === "immich") });
    expect(wall.find(".c-u")).toHaveLength(1);
    expect(wall.text()).toContain("New · VM 130");
  });

  test("14 many: draws few of them and tells how many there are", async () => {
    const wall = await show(WALL, { rows: manyGuests(500) });
    expect(wall.find(".row").length).toBeLessThan(20);
    expect(wall.find("[role=listitem]")[0]?.getAttribute("aria-setsize")).toBe("500");
    expect(wall.find("[role=listitem]")[0]?.getAttribute("aria-posinset")).toBe("1");
  });

  test("15 preview: five rows", async () => {
    const wall = await show(WALL, { rows: HEALTHY.concat(HEALTHY) }, {}, { preview: true });
    expect(wall.find<HTMLElement>(".scroll")[0]?.style.height).toBe("200px");
    expect(wall.find("input")).toEqual([]);
  });

  test.each([
    [{ days: 3 }, /7 to 60/],
    [{ max_rows: "many" }, /1 to 500/],
    [{ group: "node" }, /guest, job, pbsjob or group/],
    [{ sort: "best" }, /worst, name/],
  ])("16 configured with %o: is refused in plain words", async (config, message) => {
    await expect(show(WALL, {}, config)).rejects.toThrow(message);
  });

  test("17 older than the server: asks to reload", async () => {
    const wall = await show(WALL);
    const { wallStore } = await import("../src/data/wall-store");
    const store = wallStore(wall.hass.connection, { group: "guest", days: 30, language: "en" });
    store.state = { ...store.state, outdated: true };
    (wall.element as unknown as { requestUpdate(): void }).requestUpdate();
    await wall.settle();
    expect(wall.text()).toContain("Reload the page");
  });

  test("18 disconnected: keeps what it knows, and goes on when it can", async () => {
    const wall = await show(WALL);
    wall.hass.connection.tell("disconnected");
    await wall.settle();
    expect(wall.text()).toContain("Home Assistant is not connected");
    expect(wall.find(".row").length).toBeGreaterThan(0);
    wall.hass.connection.tell("ready");
    await wall.settle();
    expect(wall.text()).not.toContain("not connected");
  });

  test("starting: waits rather than says that there are no guests", async () => {
    const wall = await show(WALL, { rows: [], servers: [lost("starting")] });
    expect(wall.text()).toContain("is being read");
    expect(wall.text()).not.toContain("No guests yet");
  });

  test("changes the row that changed and no other", async () => {
    const wall = await show(WALL);
    const before = wall.find(".row").find((row) => row.textContent?.includes("home-assistant"));
    wall.hass.connection.push({ t: "rows", rows: [guest({ vmid: 101, name: "postgres" })], gone: ["e1/guest/99"] });
    wall.hass.connection.push({ t: "servers", servers: [healthy()] });
    await wall.settle();
    expect(wall.text()).toContain("All 9 guests protected");
    expect(wall.find(".deleted")).toEqual([]);
    expect(wall.find(".row").find((row) => row.textContent?.includes("home-assistant"))).toBe(before);
  });

  test("does not draw anew when something else in the house changes", async () => {
    const wall = await show(WALL, {}, { show: [] });
    const draw = vi.spyOn(wall.element as unknown as { render(): unknown }, "render");
    wall.element.hass = { ...wall.hass, states: {} };
    await wall.settle();
    expect(draw).not.toHaveBeenCalled();
  });

  test("moves by keys, says the day, and opens the details on it", async () => {
    const wall = await show(WALL);
    await vi.waitUntil(() => wall.find(".spark path").length);
    const list = wall.find(".scroll")[0];
    const press = async (key: string) => {
      list?.dispatchEvent(new KeyboardEvent("keydown", { key }));
      await wall.settle();
    };
    await press("ArrowDown");
    expect(wall.find(".row[tabindex='0']")[0]?.textContent).toContain("paperless");
    await press("ArrowLeft");
    await press("ArrowLeft");
    expect(wall.find("[aria-live=polite]")[0]?.textContent).toBe("Fri, Nov 27: No backup, though one was due");
    const opened = new Promise<CustomEvent>((done) =>
      document.addEventListener("show-dialog", (event) => done(event as CustomEvent), { once: true }),
    );
    wall
      .find<HTMLButtonElement>(".row[tabindex='0']")[0]
      ?.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 0 }));
    expect((await opened).detail.dialogParams).toEqual({ id: "e1/guest/204", name: "paperless", day: "2026-11-27" });
  });

  test("says on the day under the cursor what ran and why it failed, once it is known", async () => {
    const wall = await show(WALL);
    const press = async (key: string) => {
      wall.find(".scroll")[0]?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      await wall.settle();
    };
    await press("ArrowLeft");
    expect(wall.find(".tip b")[0]?.textContent).toContain("Sat, Nov 28: Failed");
    await vi.waitFor(() => expect(wall.find(".tip li").length).toBeGreaterThan(0));
    expect(wall.find(".tip")[0]?.textContent).toContain("The storage pbs-offsite is full.");
    expect(wall.find("[aria-live=polite]")[0]?.textContent).toContain("The storage pbs-offsite is full.");
    const asked = () => wall.hass.connection.sent.filter(({ type }) => type.endsWith("/runs")).length;
    expect(asked()).toBe(1);
    await press("ArrowLeft");
    expect(asked()).toBe(1);
    await press("Escape");
    expect(wall.find(".tip")).toEqual([]);
  });

  describe("a day of a row", () => {
    const pointer = (type: string, pointerType: string, x: number) =>
      Object.assign(new MouseEvent(type, { bubbles: true, composed: true, clientX: x, clientY: 5 }), { pointerType });
    const laidOut = async () => {
      const wall = await show(WALL);
      const [strip] = wall.find(".row .strip");
      if (strip) strip.getBoundingClientRect = () => new DOMRect(0, 0, 300, 22);
      const send = async (type: string, kind: string, x: number) => {
        strip?.dispatchEvent(pointer(type, kind, x));
        await wall.settle();
      };
      const opened = vi.fn();
      wall.element.addEventListener("show-dialog", opened);
      return { wall, send, opened, tip: () => wall.find(".tip b")[0]?.textContent?.trim() };
    };

    test("shows what happened where the mouse points, until it goes", async () => {
      const { wall, send, tip } = await laidOut();
      await send("pointermove", "mouse", 299);
      expect(tip()).toContain("Sat, Nov 28: Failed");
      await send("pointermove", "mouse", 5);
      expect(tip()).toContain("Fri, Oct 30: OK");
      wall.find(".scroll")[0]?.dispatchEvent(pointer("pointerleave", "mouse", 0));
      await wall.settle();
      expect(tip()).toBeUndefined();
    });

    test("shows it where a finger rests, which then opens nothing", async () => {
      const { wall, send, opened, tip } = await laidOut();
      await send("pointerdown", "touch", 299);
      expect(tip()).toBeUndefined();
      await vi.waitFor(() => expect(tip()).toContain("Sat, Nov 28: Failed"));
      await send("pointermove", "touch", 285);
      expect(tip()).toContain("Fri, Nov 27: Failed");
      await send("pointerup", "touch", 285);
      wall.find<HTMLButtonElement>(".row")[0]?.click();
      expect(opened).not.toHaveBeenCalled();
      wall.find<HTMLButtonElement>(".row")[0]?.click();
      expect(opened).toHaveBeenCalledOnce();
    });

    test("shows nothing to a finger that goes on, as one that scrolls", async () => {
      const { send, tip } = await laidOut();
      await send("pointerdown", "touch", 299);
      await send("pointermove", "touch", 250);
      await new Promise((done) => setTimeout(done, 500));
      expect(tip()).toBeUndefined();
    });
  });

  test("is sorted by the head of a column, and the other way round at the second press", async () => {
    const wall = await show(WALL);
    const names = () => wall.find(".row .name b").map((name) => name.textContent);
    const press = async (label: string) => {
      wall
        .find<HTMLButtonElement>(".by")
        .find((button) => button.textContent?.startsWith(label))
        ?.click();
      await wall.settle();
    };
    const worst = names();
    await press("Size");
    const largest = names();
    expect(largest[0]).toBe("nextcloud");
    await press("Size");
    // What is deleted stays at the end.
    expect(names().slice(0, -1)).toEqual(largest.slice(0, -1).reverse());
    await press("Guest");
    expect(names()[0]).toBe("gitlab");
    expect(wall.find(".by[aria-pressed=true]").map((head) => head.textContent)).toEqual(["Guest▾"]);
    expect(names()).not.toEqual(worst);
  });

  test("stands in groups, each with its problems, which can be folded", async () => {
    const rows = [
      guest({ vmid: 101, name: "web", jobs: ["daily", "weekly"], status: "failed", problem: true }),
      guest({ vmid: 102, name: "db", jobs: ["daily"] }),
      guest({ vmid: 103, name: "lab", jobs: [], status: "uncovered", problem: true }),
    ];
    const wall = await show(WALL, { rows }, { group_by: "job" });
    const lines = () => wall.find("[data-key]").map((line) => line.querySelector("b")?.textContent ?? "");
    expect(lines()).toEqual(["daily", "web", "db", "weekly", "web", "In no job", "lab"]);
    expect(wall.find(".group")[0]?.textContent).toContain("1 problem");
    wall.find<HTMLButtonElement>(".group")[0]?.click();
    await wall.settle();
    expect(lines()).toEqual(["daily", "weekly", "web", "In no job", "lab"]);
    expect(wall.find(".group")[0]?.getAttribute("aria-expanded")).toBe("false");
  });

  test("lets whoever looks choose order and groups, of several clusters by cluster too", async () => {
    const servers = [server(), server({ id: "e2", name: "office" })];
    const rows = [guest({ vmid: 101, name: "web" }), guest({ vmid: 101, name: "mail", entry: "e2" })];
    const wall = await show(WALL, { rows, servers });
    wall.find<HTMLButtonElement>(".opener")[0]?.click();
    await vi.waitFor(() => expect(wall.find("select")).toHaveLength(2));
    const [, groups] = wall.find<HTMLSelectElement>("select") as [HTMLSelectElement, HTMLSelectElement];
    expect([...groups.options].map((option) => option.value)).toContain("server");
    groups.value = "server";
    groups.dispatchEvent(new Event("change"));
    await wall.settle();
    expect(wall.find(".group b").map((name) => name.textContent)).toEqual(["homelab", "office"]);
    const jobs = await show(WALL, {}, { group: "job" });
    jobs.find<HTMLButtonElement>(".opener")[0]?.click();
    await jobs.settle();
    const [, ofJobs] = jobs.find<HTMLSelectElement>("select");
    expect([...(ofJobs?.options ?? [])].map((option) => option.value)).toEqual(["none", "storage"]);
  });

  test("says what its bars and marks mean when somebody asks", async () => {
    const wall = await show(WALL);
    const help = wall.find<HTMLButtonElement>(".opener")[1];
    help?.click();
    await wall.settle();
    expect(help?.getAttribute("aria-expanded")).toBe("true");
    expect(wall.find(".panel li")).toHaveLength(20);
    expect(wall.find(".panel")[0]?.textContent).toContain("No backup, though one was due");
    help?.click();
    await wall.settle();
    expect(wall.find(".panel")).toEqual([]);
  });

  test("is one stop for the tab key", async () => {
    const wall = await show(WALL, { rows: manyGuests(100) });
    expect(wall.find(".row[tabindex='0']")).toHaveLength(1);
  });

  test("is not green where every guest is protected but something else has a cause, and tells of both where both are wrong", async () => {
    const fine = healthy();
    expect((await show(WALL, { servers: [fine] })).text()).toContain("protected");
    const other = await show(WALL, { servers: [{ ...fine, causes: 2 }] });
    expect(other.find(".summary.bad")[0]?.textContent).toContain("2 problems");
    expect(other.find(".summary.bad")[0]?.textContent).toMatch(/All .* guests protected/);
    const counts = { ...(fine.counts as NonNullable<typeof fine.counts>), problems: 2, protected: 7 };
    const both = await show(WALL, { servers: [{ ...fine, counts, causes: 3 }] });
    expect(both.find(".summary.bad")[0]?.textContent).toContain("2 problems");
    expect(both.find(".summary.bad")[0]?.textContent).toContain("3 causes");
  });

  test("draws first what is seen at once, and a moment later what a scroll would show", async () => {
    const wall = await show(WALL, { rows: manyGuests(500) });
    expect(wall.find(".row").length).toBe(13);
    await vi.waitUntil(() => wall.find(".row").length > 13);
    expect(wall.find(".row").length).toBe(16);
  });

  test("asks for the sizes of what can be seen, together", async () => {
    const wall = await show(WALL, { rows: manyGuests(500) });
    await vi.waitUntil(() => wall.find(".spark path").length);
    const asked = wall.hass.connection.sent.filter((message) => message.type.endsWith("/sizes")) as unknown as {
      ids: string[];
    }[];
    expect(asked).toHaveLength(1);
    expect(asked[0]?.ids.length).toBeLessThan(20);
    expect(wall.find(".spark path").length).toBeGreaterThan(5);
  });

  test("speaks German", async () => {
    await fetchWords("de");
    const wall = await show(WALL, { language: "de", rows: HEALTHY, servers: [healthy()] });
    expect(wall.text()).toContain("Alle 9 Gäste geschützt");
    expect(wall.text()).toContain("Heute");
  });
});
