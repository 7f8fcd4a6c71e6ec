import { describe, expect, test } from "vitest";
import { NOW } from "../dev/canned";
import { Format } from "../src/format";

const english = new Format({ language: "en", time_format: "24", time_zone: "server" }, "Europe/Berlin");
const german = new Format(
  { language: "de", number_format: "language", time_format: "24", time_zone: "server" },
  "Europe/Berlin",
);
const GIB = 2 ** 30;

describe("figures", () => {
  test.each([
    [0, "0 B"],
    [1023, "1,023 B"],
    [36.14 * GIB, "36.1 GiB"],
    [212 * GIB, "212 GiB"],
    [1.5 * 2 ** 40, "1.5 TiB"],
    [null, "–"],
  ])("%s bytes are %s", (bytes, text) => {
    expect(english.size(bytes)).toBe(text);
  });

  test("follow the user's way of writing numbers", () => {
    expect(german.size(36.14 * GIB)).toBe("36,1 GiB");
    expect(new Format({ language: "de", number_format: "comma_decimal" }, "UTC").size(36.14 * GIB)).toBe("36.1 GiB");
    expect(new Format({ language: "en", number_format: "none" }, "UTC").number(12345)).toBe("12345");
  });

  test.each([
    [12, "12 sec"],
    [260, "4 min"],
    [3600, "1 hr"],
    [4320, "1 hr 12 min"],
    [null, "–"],
  ])("%s seconds are %s", (seconds, text) => {
    expect(english.duration(seconds)).toBe(text);
  });

  test("times are those of the server where the user wants that", () => {
    expect(english.moment(NOW)).toMatch(/10:12/);
    const twelve = new Format({ language: "en", time_format: "12", time_zone: "server" }, "America/New_York");
    expect(twelve.moment(NOW)).toMatch(/04:12\sAM/);
  });

  test("times from now are told in the unit that fits", () => {
    expect(english.relative(NOW + 13 * 3600, NOW, "long")).toBe("in 13 hours");
    expect(english.relative(NOW - 5 * 86400, NOW, "long")).toBe("5 days ago");
    expect(english.relative(NOW - 50, NOW, "long")).toBe("1 minute ago");
    expect(german.relative(NOW - 86400 * 2, NOW, "long")).toBe("vorgestern");
    expect(english.relative(null)).toBe("–");
  });

  test("days are the days that they are, wherever the browser is", () => {
    expect(english.day("2026-11-22")).toBe("Sun, Nov 22");
  });
});
