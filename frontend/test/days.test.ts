import { describe, expect, test } from "vitest";
import { addDays, cellOfDay, dayOfCell, labelledCells } from "../src/model/days";

describe("days", () => {
  test.each([
    ["the night in which summer time begins in Europe", "2027-03-27", 2, "2027-03-29"],
    ["the night in which it ends", "2026-10-24", 2, "2026-10-26"],
    ["a leap day", "2028-02-28", 2, "2028-03-01"],
    ["the end of a year, backwards", "2027-01-01", -1, "2026-12-31"],
  ])("are counted across %s", (_, from, days, to) => {
    expect(addDays(from, days)).toBe(to);
  });

  test("and cells of a strip are the same thing, told in two ways, over both changes of the clock", () => {
    for (const end of ["2026-11-28", "2027-04-10"]) {
      for (let cell = 0; cell < 60; cell++) expect(cellOfDay(end, 60, dayOfCell(end, 60, cell))).toBe(cell);
      expect(dayOfCell(end, 60, 59)).toBe(end);
    }
  });

  test("outside the strip have no cell of it", () => {
    expect(cellOfDay("2026-11-28", 30, "2026-10-29")).toBe(-1);
    expect(cellOfDay("2026-11-28", 30, "2026-11-29")).toBe(30);
  });

  test("get dates every week, fewer where there is no room, and today always", () => {
    expect(labelledCells(30, 600)).toEqual([1, 8, 15, 22, 29]);
    expect(labelledCells(30, 200)).toEqual([1, 15, 29]);
    expect(labelledCells(60, 300).at(-1)).toBe(59);
    expect(labelledCells(7, 80)).toEqual([6]);
  });
});
