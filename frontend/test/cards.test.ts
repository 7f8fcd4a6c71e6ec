import { beforeEach, describe, expect, test, vi } from "vitest";
import { CAUSES, DIGESTS, HEALTHY, healthy, JOBS, NOW, server } from "../dev/canned";
import { fakeHass } from "../dev/fake-hass";
import { generate } from "../src/dashboard/strategy";
import type { Cause, Digest, RowData } from "../src/data/contract";
import { simpleForm, wallForm } from "../src/editor/forms";
import type { Hass } from "../src/ha/types";
import "../src/registry";
import { show } from "./show";

beforeEach(() => document.body.replaceChildren());

describe.each(["proxmox-backup-compact", "proxmox-backup-badge"])("%s", (tag) => {
  test("tells the problems", async () => {
    expect((await show(tag)).text()).toContain("2 problems");
  });

  test("tells that all is well", async () => {
    expect((await show(tag, { rows: HEALTHY, servers: [healthy()] })).text()).toContain("All 9 guests protected");
  });

  test("does not look well while it cannot see", async () => {
    const lost = await show(tag, { rows: HEALTHY, servers: [healthy({ state: "stale", since: NOW - 7200 })] });
    expect(lost.find(".ok")).toEqual([]);
    expect(lost.find(".muted").length).toBeGreaterThan(0);
    const refused = await show(tag, { refusal: { code: "x", message: "No." } });
    expect(refused.text()).toContain("Unknown");
  });

  test.each(["starting", "unreachable"] as const)("is not green before anything was read: %s", async (state) => {
    const early = await show(tag, { rows: [], servers: [server({ state, counts: null })] });
    expect(early.find(".ok")).toEqual([]);
    expect(early.text()).not.toContain("protected");
    expect(early.text()).toContain(state === "starting" ? "Reading…" : "Unknown");
  });

  test("opens the wall, or where it was told to lead", async () => {
    const shown = await show(tag);
    const opened = new Promise<CustomEvent>((done) =>
      document.addEventListener("show-dialog", (event) => done(event as CustomEvent), { once: true }),
    );
    shown.find("button, ha-badge")[0]?.click();
    const { dialogTag, dialogParams, dialogImport } = (await opened).detail;
    // As Home Assistant does it: fetch the code, make the dialog, give it `hass`, open it.
    await dialogImport();
    const dialog = document.createElement(dialogTag) as HTMLElement & { hass: unknown; showDialog(p: object): void };
    dialog.hass = shown.hass;
    dialog.showDialog(dialogParams);
    document.body.append(dialog);
    await shown.settle();
    const shownIn = dialog.shadowRoot?.querySelector("ha-adaptive-dialog");
    expect(shownIn?.getAttribute("header-title")).toBe("Proxmox backups");
    const wall = shownIn?.querySelector("pbc-wall-frame")?.shadowRoot?.querySelector("proxmox-backup-wall");
    expect(wall?.shadowRoot?.querySelectorAll("[data-id]").length).toBeGreaterThan(5);
    dialog.remove();
  });
});

describe("the line", () => {
  test("names who has a problem, and the next run where nobody has", async () => {
    expect((await show("proxmox-backup-compact")).text()).toContain("postgres, paperless, test-build");
    expect((await show("proxmox-backup-compact", { rows: HEALTHY, servers: [healthy()] })).text()).toContain(
      "Next run in 17h",
    );
  });
});

describe("the causes", () => {
  const CARD = "proxmox-backup-causes";

  test("are told once each, with why, since when, whom they concern and what to do", async () => {
    const shown = await show(CARD);
    expect(shown.find("h3").map((title) => title.textContent)).toEqual(CAUSES.map(({ title }) => title));
    expect(shown.text()).toContain("1 guest · 1 job · since Thu");
    expect(shown.text()).toContain("Cause: the storage pbs-offsite is full.");
    expect(shown.text()).toContain("Free space on pbs-offsite");
    expect(shown.find("summary")[0]?.textContent).toBe("What to do · postgres, nightly");
    expect(shown.find(".sign.bad, .sign.muted").map((sign) => sign.className)).toEqual(["sign bad", "sign muted"]);
  });

  test("lead to what mends them, and to the log", async () => {
    const shown = await show(CARD);
    expect(shown.find("a.btn").map((link) => link.getAttribute("href"))).toEqual(["/config/repairs"]);
    const log = shown.find<HTMLButtonElement>(".actions .btn").find((button) => button.textContent === "Log");
    const opened = new Promise<CustomEvent>((done) =>
      document.addEventListener("show-dialog", (event) => done(event as CustomEvent), { once: true }),
    );
    log?.click();
    expect((await opened).detail.dialogParams.id).toBe("e1/guest/101");
    expect((await show(CARD, { admin: false })).text()).not.toContain("Log");
  });

  test("say why, beside the headline, where there is more to say", async () => {
    const shown = await show(CARD);
    const whys = shown.find<HTMLButtonElement>("button.why");
    expect(whys.map((button) => button.textContent)).toEqual([
      "Why? Backup failed 3 times in a row: nightly → pbs-offsite",
    ]);
    whys[0]?.click();
    await shown.settle();
    expect(shown.find(".grounds")[0]?.textContent).toContain("These are 3 failed or missed runs in a row.");
  });

  test("are silenced as a whole, and told again", async () => {
    const shown = await show(CARD);
    const call = vi.spyOn(shown.hass, "callService");
    shown.find<HTMLButtonElement>(".btn.silence")[0]?.click();
    await shown.settle();
    shown.find<HTMLButtonElement>(".choice")[1]?.click();
    await shown.settle();
    const [first] = CAUSES as [Cause];
    const entity_id = first.entity_ids;
    expect(call).toHaveBeenCalledWith("proxmox_backup_checker", "acknowledge", { entity_id, until_next_run: true });
    const silent = await show(CARD, { causes: [{ ...first, silenced: true }] });
    const undo = vi.spyOn(silent.hass, "callService");
    expect(silent.text()).toContain("Silenced");
    silent.find<HTMLButtonElement>(".actions .btn").at(-1)?.click();
    await silent.settle();
    expect(undo).toHaveBeenCalledWith("proxmox_backup_checker", "unacknowledge", { entity_id });
  });

  test("that are none are good news, of what is read and can be judged alone", async () => {
    const calm = { causes: [], rows: HEALTHY, servers: [healthy()] };
    expect((await show(CARD, calm)).text()).toContain("Nothing needs your attention");
    for (const world of [
      { ...calm, servers: [healthy({ state: "stale", since: NOW })] },
      { ...calm, servers: [healthy(), server({ id: "e2", state: "starting", counts: null })] },
      { ...calm, rows: HEALTHY.map((row, n) => (n ? row : { ...row, status: "unknown" as const, problem: null })) },
      { ...calm, rows: [] },
    ])
      expect((await show(CARD, world)).text().trim()).toBe("");
  });

  test("are asked for anew once after each poll", async () => {
    const shown = await show(CARD);
    const asked = () => shown.hass.connection.sent.filter(({ type }) => type.endsWith("/causes")).length;
    expect(asked()).toBe(1);
    for (const name of ["a", "b"]) shown.hass.connection.push({ t: "servers", servers: [server({ name })] });
    await new Promise((done) => setTimeout(done, 400));
    expect(asked()).toBe(2);
  });

  test("that cannot be told are said to be so", async () => {
    const shown = await show(CARD);
    const card = shown.element.shadowRoot?.querySelector("pbc-causes") as unknown as {
      told: { causes?: unknown; retry(): Promise<void> };
    };
    card.told.causes = undefined;
    vi.spyOn(shown.hass.connection, "sendMessagePromise").mockRejectedValue({ message: "Busy." });
    await card.told.retry();
    await shown.settle();
    expect(shown.text()).toContain("could not be loaded. Busy.");
  });
});

describe("the storages", () => {
  test("tell what is free, when it will be full, and what is wrong, the worst first", async () => {
    const shown = await show("proxmox-backup-storages");
    expect(shown.find("button b").map((name) => name.textContent)).toEqual(["pbs-offsite", "local", "nas"]);
    expect(shown.text()).toContain("4.5 TiB free of 7.3 TiB");
    expect(shown.text()).toContain("full in 2 days");
    expect(shown.text()).toContain("The token may not read this storage.");
  });

  test("tell what deleted guests have left, and that it is no problem", async () => {
    const wiki = {
      vmid: 115,
      name: "wiki",
      archives: 3,
      protected: 1,
      size: 9 * 2 ** 30,
      newest: NOW,
      seen_here: false,
    };
    const orphans = [{ entry_id: "e1", name: "nas", size: 9 * 2 ** 30, guests: [wiki] }];
    const shown = await show("proxmox-backup-storages", { orphans });
    expect(shown.find("details.orphans summary")[0]?.textContent).toBe("Left by deleted guests: 9 GiB");
    expect(shown.text()).toContain("3 archives · 1 protected · newest from ");
    expect(shown.text()).toContain("never seen here");
    expect(shown.text()).toContain("No problem");
    const hidden = await show("proxmox-backup-storages", {
      orphans: [{ entry_id: "e1", name: "pbs", size: null, guests: [{ ...wiki, name: "CT 115", size: null }] }],
    });
    expect(hidden.find("details.orphans summary")[0]?.textContent).toBe("Left by deleted guests");
    expect(hidden.text()).toContain("size not visible");
    const some = await show("proxmox-backup-storages", {
      orphans: [...orphans, { entry_id: "e1", name: "pbs", size: null, guests: [{ ...wiki, size: null }] }],
    });
    expect(some.find("details.orphans summary")[0]?.textContent).toBe("Left by deleted guests: at least 9 GiB");
    expect((await show("proxmox-backup-storages", { orphans: [] })).find("details")).toEqual([]);
  });

  test("that are none are said to be none", async () => {
    expect((await show("proxmox-backup-storages", { storages: [] })).text()).toContain("No backup storages");
  });
});

describe.each([
  ["proxmox-backup-storages", "No backup storages"],
  ["proxmox-backup-next-runs", "No job is due"],
])("%s of a server that was not read", (tag, none) => {
  test.each([
    ["starting", "Reading…"],
    ["unreachable", "Cannot be read at the moment."],
  ] as const)("say nothing of it: %s", async (state, text) => {
    const servers = [server({ state, counts: null })];
    const shown = await show(tag, { servers, storages: [], jobs: [], rows: [] });
    expect(shown.text()).toContain(text);
    expect(shown.text()).not.toContain(none);
  });
});

describe("storages and next runs of several clusters", () => {
  test.each(["proxmox-backup-storages", "proxmox-backup-next-runs"])("%s: name the cluster", async (tag) => {
    const servers = [server(), server({ id: "e2", name: "offsite" })];
    expect((await show(tag, { servers })).text()).toContain(servers[0]?.name);
    expect((await show(tag)).text()).not.toContain(servers[0]?.name);
  });
});

describe("the next runs", () => {
  test("come in order, what runs now first", async () => {
    const [nightly, weekly] = JOBS as [RowData, RowData];
    const shown = await show("proxmox-backup-next-runs", { jobs: [nightly, { ...weekly, status: "running" }] });
    expect(shown.find("b").map((name) => name.textContent)).toEqual(["weekly", "nightly"]);
    expect(shown.text()).toContain("in 17h");
  });
});

describe("the problems", () => {
  test("are guests and jobs, with their reasons, and what has one cause is told once", async () => {
    const shown = await show("proxmox-backup-problems");
    await shown.settle();
    expect(shown.find("pbc-problem")).toHaveLength(3);
    expect(shown.text()).toContain("pve2 was off then");
    const [postgres] = shown.find("pbc-problem").map((one) => one.shadowRoot?.textContent?.replace(/\s+/g, " "));
    expect(postgres).toContain("Same cause: ");
    expect(postgres).toContain("nightly");
  });

  test("that are none are good news, unless it cannot be seen", async () => {
    const fine = await show("proxmox-backup-problems", { rows: HEALTHY, jobs: [], servers: [healthy()] });
    expect(fine.text()).toContain("Nothing needs your attention");
    const blind = await show("proxmox-backup-problems", {
      rows: HEALTHY,
      jobs: [],
      servers: [healthy({ state: "stale", since: NOW })],
    });
    expect(blind.text()).not.toContain("Nothing needs your attention");
  });
});

describe("the recent runs", () => {
  const CARD = "proxmox-backup-activity";

  test("say how each went, why, and when; many of a day with the day", async () => {
    const shown = await show(CARD);
    expect(shown.text()).toContain("nightly: failed for 1 of 9 guests");
    expect(shown.text()).toContain("could not back up: postgres (101). · 84.2 GiB in 13 minutes.");
    expect(shown.find(".when").map((when) => when.textContent)).toEqual(["Sat, Nov 28, 03:12", "Fri, Nov 27"]);
    expect(shown.find("button.run[disabled]")).toHaveLength(1);
  });

  test("that are none are said to be none of what is read alone", async () => {
    expect((await show(CARD, { activity: [] })).text()).toContain("Nothing has run in the last three days");
    const early = await show(CARD, { activity: [], servers: [server({ state: "starting", counts: null })] });
    expect(early.text()).toContain("Reading…");
  });
});

describe("the digest", () => {
  const CARD = "proxmox-backup-digest";
  const [HOME] = DIGESTS as [Digest];

  test("tells the week, and gives its report to print and as a table", async () => {
    const shown = await show(CARD);
    expect(shown.text()).toContain("7 of 9 protected");
    expect(shown.text()).not.toContain("homelab:");
    expect(shown.find("a.btn").map((link) => link.getAttribute("href"))).toEqual([HOME.html, HOME.csv]);
  });

  test("of several puts first what has problems, then what cannot be seen, and leads to each", async () => {
    const digests = [
      { ...HOME, id: "e3", name: "fine", problems: 0, warning: false },
      { ...HOME, id: "e4", name: "vault", problems: 0, unknown: true, csv: null, html: null },
      HOME,
    ];
    const shown = await show(CARD, { digests }, { links: ["e1", "e4"] });
    expect(shown.find(".name").map((name) => name.textContent)).toEqual(["homelab", "vault", "fine"]);
    expect(shown.find(".sign").map((sign) => sign.className)).toEqual(["sign bad", "sign muted", "sign ok"]);
    expect(shown.find("a.name").map((link) => link.getAttribute("href")?.split("/").at(-1))).toEqual([
      "cluster-e1",
      "server-e4",
    ]);
  });

  test("says why there is none", async () => {
    const shown = await show(CARD);
    shown.hass.connection.sendMessagePromise = async () => Promise.reject({ code: "x", message: "No." });
    const other = document.createElement(CARD) as typeof shown.element;
    other.setConfig({ type: `custom:${CARD}` });
    other.hass = shown.hass;
    document.body.replaceChildren(other);
    await shown.settle();
    expect(other.shadowRoot?.querySelector("pbc-digest")?.shadowRoot?.textContent).toContain(
      "could not be loaded. No.",
    );
  });
});

describe("the dashboard", () => {
  const entity = (entity_id: string, translation_key: string, device_id: string) => ({
    entity_id,
    translation_key,
    device_id,
    platform: "proxmox_backup_checker",
  });
  const hass = (servers = [server()]): Hass => ({
    ...fakeHass({ servers }),
    entities: Object.fromEntries(
      [
        entity("calendar.backups", "backups", "d1"),
        entity("binary_sensor.a", "job_problem", "d1"),
        entity("binary_sensor.b", "cluster_problem", "d2"),
      ].map((one) => [one.entity_id, one]),
    ),
    devices: { d1: { id: "d1", config_entries: ["e1"] }, d2: { id: "d2", config_entries: ["e2"] } },
  });

  test("of one cluster has an overview and the problems", async () => {
    const config = await generate(hass());
    expect((config.views as { path: string }[]).map((view) => view.path)).toEqual(["overview", "problems", "if-died"]);
    const text = JSON.stringify(config);
    for (const card of ["wall", "storages", "next-runs", "activity", "digest", "problems", "badge", "if-died"])
      expect(text).toContain(`custom:proxmox-backup-${card}`);
    expect(text).toContain('"type":"calendar","entities":["calendar.backups"]');
    // The states of entities are no runs.
    expect(text).not.toContain('"type":"logbook"');
  });

  test("of several has a view for each, with what is its own", async () => {
    const config = await generate(hass([server(), server({ id: "e2", name: "offsite" })]));
    const views = config.views as { path: string; title: string }[];
    expect(views.map((view) => view.title)).toEqual(["Overview", "Needs attention", "If … died", "homelab", "offsite"]);
    expect(JSON.stringify(views[4])).toContain('"server":"e2"');
    expect(JSON.stringify(views[4])).not.toContain("calendar.backups");
  });

  test("of several has one badge, and one digest that leads to each", async () => {
    const config = await generate(hass([server(), server({ id: "e2", name: "offsite" })]));
    const [overview] = config.views as { badges: object[] }[];
    expect(overview?.badges).toEqual([{ type: "custom:proxmox-backup-badge" }]);
    expect(JSON.stringify(overview)).toContain('"type":"custom:proxmox-backup-digest","links":["e1","e2"');
  });

  test("speaks the user's language from the first moment", async () => {
    const german = { ...hass(), language: "de", locale: { ...hass().locale, language: "de" } };
    expect(JSON.stringify(await generate(german))).toContain("Nächste Läufe");
  });

  test("is there before the integration is", async () => {
    const early = hass();
    early.connection.sendMessagePromise = async () => Promise.reject({ code: "unknown_command" });
    expect(JSON.stringify(await generate(early))).toContain("custom:proxmox-backup-wall");
  });
});

describe("what users can pick", () => {
  interface Picked {
    type: string;
    name: string;
    description: string;
    getEntitySuggestion(hass: Hass, entityId: string): { config: { type: string } } | null;
  }
  const page = window as unknown as Record<"customCards" | "customBadges" | "customStrategies", Picked[]>;

  test("has a name and a description, and exists", () => {
    for (const picked of [...page.customCards, ...page.customBadges]) {
      expect(picked.name && picked.description).toBeTruthy();
      expect(customElements.get(picked.type)).toBeDefined();
    }
    expect(page.customStrategies.map(({ type }) => type)).toEqual(["proxmox-backups"]);
  });

  test("is suggested for our entities only", () => {
    const hass = {
      ...fakeHass(),
      entities: {
        a: { entity_id: "a", platform: "proxmox_backup_checker", translation_key: "guest_problem" },
        b: { entity_id: "b", platform: "hue", translation_key: "guest_problem" },
      },
    };
    const suggested = (id: string) =>
      page.customCards.map((card) => card.getEntitySuggestion(hass, id)?.config.type).filter(Boolean);
    expect(suggested("a")).toEqual(["custom:proxmox-backup-wall", "custom:proxmox-backup-problems"]);
    expect([...suggested("b"), ...suggested("missing")]).toEqual([]);
  });

  test("is edited in forms with a label for every field", async () => {
    for (const form of [await wallForm(), await simpleForm(["title", "server", "max_rows", "navigation_path"])]) {
      const fields = form.schema.flatMap((field) => field.schema ?? [field]);
      expect(fields.length).toBeGreaterThan(3);
      for (const field of fields) expect(form.computeLabel(field)).toBeTruthy();
    }
  });

  test("is refused by the form for the same reasons as by the card", async () => {
    const { assertConfig } = await wallForm();
    expect(() => assertConfig?.({ days: 3 } as never)).toThrow("7 to 60");
  });
});
