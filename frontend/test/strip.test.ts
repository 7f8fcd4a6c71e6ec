import { describe, expect, test } from "vitest";
import { CELLS } from "../src/model/status";
import { COLUMNS, layout, reasonLines, rowHeight } from "../src/wall/columns";
import { move } from "../src/wall/keys";
import { sparkPath } from "../src/wall/sparkline";
import { cellAt, cellBox, stripPaths } from "../src/wall/strip";
import { Offsets } from "../src/wall/window";

describe("the strip", () => {
  test("draws every verdict in a shape of its own", () => {
    // A running backup looks like a good one but for its colour and its pulse; nothing else may look alike.
    const shapes = CELLS.filter((cell) => cell !== "r").map((cell) => stripPaths(cell, 12, 22)[0]?.[1]);
    expect(new Set(shapes).size).toBe(CELLS.length - 1);
  });

  test("takes one path for each verdict, however many days there are", () => {
    expect(stripPaths(`${"o".repeat(59)}f`, 600, 22).map(([cell]) => cell)).toEqual(["o", "f"]);
  });

  test("shows a letter that it does not know as no data", () => {
    expect(stripPaths("x", 12, 22)[0]?.[0]).toBe("u");
  });

  test.each([
    [30, 600],
    [60, 311],
    [60, 120],
    [7, 210],
  ])("fits %i days into %i pixels without overlap", (days, width) => {
    let end = 0;
    for (let index = 0; index < days; index++) {
      const { x, w } = cellBox(index, days, width);
      expect(x).toBeGreaterThanOrEqual(end);
      expect(w).toBeGreaterThanOrEqual(1);
      expect(cellAt(x + w / 2, days, width)).toBe(index);
      end = x + w;
    }
    expect(end).toBeLessThanOrEqual(width);
  });
});

describe("the columns", () => {
  test.each([320, 390, 519, 520, 700, 1000, 1800])("fit a card that is %i pixels wide", (width) => {
    const columns = layout(width, 60, COLUMNS);
    const sum = columns.template.split(" ").reduce((total, column) => total + Number.parseFloat(column || "0"), 0);
    const gaps = Math.max(0, columns.template.split(" ").length - 1) * 14;
    expect(sum + gaps).toBeLessThanOrEqual(width - 34);
    expect(columns.strip).toBeGreaterThan(0);
    expect(columns.narrow).toBe(width < 520);
  });

  test("show what copies there are on a phone too", () => {
    expect(layout(390, 30, COLUMNS).copies).toBe(true);
    expect(layout(390, 30, ["next"]).copies).toBe(false);
  });

  test("leave out what is not asked for", () => {
    expect(layout(1200, 30, ["next"]).size).toBe(false);
  });

  test("give up the sparkline first where there is no room, and the last good backup last", () => {
    const shown = COLUMNS.filter((column) => column !== "copies");
    const kept = (width: number) => {
      const { spark, size, next, last } = layout(width, 30, shown);
      return [spark, size, next, last];
    };
    expect([1000, 680, 600, 560].map(kept)).toEqual([
      [true, true, true, true],
      [false, true, true, true],
      [false, false, true, true],
      [false, false, false, true],
    ]);
  });

  test("keep what copies there are longer than size and next run", () => {
    const kept = (width: number) => {
      const { size, next, copies, last } = layout(width, 30, COLUMNS);
      return [size, next, copies, last];
    };
    expect([1100, 720, 620, 560].map(kept)).toEqual([
      [true, true, true, true],
      [false, true, true, true],
      [false, false, true, true],
      [false, false, false, true],
    ]);
  });

  test("make a row higher where it gives a reason", () => {
    const columns = layout(1000, 30, COLUMNS);
    expect([0, 1, 3].map((lines) => rowHeight(columns, lines) - rowHeight(columns, 0))).toEqual([0, 22, 58]);
  });

  test("gives a reason as many lines as it needs, three at the most, and none where it is not asked for", () => {
    const reason = "The last backup on pve1 failed: the VM did not answer in time, often because a disk is slow.";
    const lines = (width: number, show: readonly string[] = COLUMNS, text = reason) =>
      reasonLines(layout(width, 30, show), width, text);
    expect([lines(1000), lines(390), lines(250), lines(390, COLUMNS, "")]).toEqual([1, 2, 3, 0]);
    expect(lines(390, COLUMNS, reason.repeat(9))).toBe(3);
    expect(lines(390, ["size"])).toBe(0);
  });
});

describe("the window", () => {
  const offsets = new Offsets([60, 60, 40, 40, 40]);

  test("finds the row at a height, where rows differ", () => {
    expect([0, 59, 60, 119, 120, 199, 9999].map((y) => offsets.at(y))).toEqual([0, 0, 1, 1, 2, 3, 4]);
    expect([offsets.top(2), offsets.top(99), offsets.count]).toEqual([120, 240, 5]);
  });

  test("draws what can be seen and little more, of however many there are", () => {
    const [first, end] = new Offsets(Array.from({ length: 500 }, () => 40)).between(4000, 480, 3);
    expect([first, end]).toEqual([97, 116]);
    expect(new Offsets([]).between(0, 100, 3)).toEqual([0, 0]);
  });
});

describe("the keys", () => {
  const size = { rows: 500, days: 30, page: 12 };

  test.each([
    ["ArrowDown", { row: 5, day: 3 }, { row: 6, day: 3 }],
    ["ArrowUp", { row: 0, day: -1 }, { row: 0, day: -1 }],
    ["PageDown", { row: 495, day: -1 }, { row: 499, day: -1 }],
    ["PageUp", { row: 20, day: -1 }, { row: 8, day: -1 }],
    ["Home", { row: 20, day: -1 }, { row: 0, day: -1 }],
    ["End", { row: 20, day: -1 }, { row: 499, day: -1 }],
    ["ArrowLeft", { row: 1, day: -1 }, { row: 1, day: 29 }],
    ["ArrowLeft", { row: 1, day: 29 }, { row: 1, day: 28 }],
    ["ArrowRight", { row: 1, day: 29 }, { row: 1, day: 29 }],
  ])("%s from %o leads to %o", (key, from, to) => {
    expect(move(key, from, size)).toEqual(to);
  });

  test("that mean something else lead nowhere", () => {
    expect(move("a", { row: 1, day: 1 }, size)).toBeUndefined();
  });
});

describe("the sparkline", () => {
  test("leaves out days without a backup, and needs two with one", () => {
    expect(sparkPath([null, 10, null, 12], 60, 18).match(/[ML]/g)).toHaveLength(2);
    expect(sparkPath([null, 10], 60, 18)).toBe("");
  });

  test("is flat where sizes hardly change", () => {
    const heights = [...sparkPath([100, 101, 100], 60, 18).matchAll(/ (\d+\.\d)/g)].map((match) => Number(match[1]));
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(2);
  });
});
