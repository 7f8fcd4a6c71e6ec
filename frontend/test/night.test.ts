import { beforeEach, describe, expect, test } from "vitest";
import { NIGHT } from "../dev/canned";
import { show } from "./show";

const open = (world = {}, config = {}) => show("pbc-next-runs", world, {}, { config: { type: "next", ...config } });

beforeEach(() => document.body.replaceChildren());

describe("the coming night", () => {
  test("has a line for each node and a bar for each run, told in words too", async () => {
    const shown = await open();
    expect(shown.find(".night .track")).toHaveLength(2);
    expect(shown.find(".night .bar")).toHaveLength(4);
    expect(shown.find(".night .wait")).toHaveLength(2);
    expect(shown.text()).toContain("done about 07:12");
    expect(shown.text()).toContain("Weekly on pve1: 02:12 to about 07:12");
    expect(shown.text()).toContain("waits for Nightly");
  });

  test("marks what will be late, and the time by which all is to be done", async () => {
    const shown = await open();
    expect(shown.find(".night .bar.over")).toHaveLength(1);
    expect(shown.find(".night .by")).toHaveLength(2);
    const calm = await open({ nights: [{ ...NIGHT, done_by: null, runs: NIGHT.runs.slice(0, 2), told: [] }] });
    expect(calm.find(".night .by")).toEqual([]);
    expect(calm.find(".night .bar.over")).toEqual([]);
  });

  test("shows no bar for a run that gives up, and says so", async () => {
    const [first] = NIGHT.runs;
    const shown = await open({ nights: [{ ...NIGHT, runs: [first, { ...first, job: "Other", gives_up: true }] }] });
    expect(shown.find(".night .bar")).toHaveLength(1);
    expect(shown.text()).toContain("Other on pve1: will probably give up waiting");
  });

  test("is not there where nothing is due, nor among the jobs of a backup server", async () => {
    expect((await open({ nights: [] })).find(".night")).toEqual([]);
    expect((await open({}, { group: "pbsjob" })).find(".night")).toEqual([]);
  });
});
