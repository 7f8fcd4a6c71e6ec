import { readdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import de from "../src/i18n/de.json";
import en from "../src/i18n/en.json";
import more from "../src/i18n/en-more.json";
import type { Key } from "../src/i18n/keys";
import { fetchWords, wordsIn } from "../src/i18n/words";
import { STATUSES } from "../src/model/status";

const english: Record<string, string> = { ...en, ...more };
const german: Record<string, string> = de;
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

function sources(folder: string): string {
  return readdirSync(folder)
    .map((name) => `${folder}/${name}`)
    .filter((path) => !path.endsWith(".json"))
    .map((path) => (statSync(path).isDirectory() ? sources(path) : readFileSync(path, "utf8")))
    .join("\n");
}

describe("the texts", () => {
  test("exist in both languages, each once", () => {
    expect(Object.keys(german).sort()).toEqual(Object.keys(english).sort());
    expect(Object.keys(en).filter((key) => key in more)).toEqual([]);
  });

  test.each(Object.keys(english))("%s names the same things in both languages", (key) => {
    expect(placeholders(german[key] ?? "")).toEqual(placeholders(english[key] ?? ""));
    expect(german[key]).not.toBe("");
  });

  test("are all used", () => {
    const text = sources("src");
    const families =
      /^(status|cell|what|list|empty|server|result|ed_group|ed_sort|ed_show|group_by|in_no|rule|survival_kind|survival_place|survival_sum)_/;
    const unused = Object.keys(english).filter(
      (key) => !families.test(key) && !text.includes(`"${key.replace(/_(one|other)$/, "")}`),
    );
    expect(unused).toEqual([]);
  });

  test.each(["en", "de"])("call a status what the integration's own entities call it (%s)", async (language) => {
    await fetchWords(language);
    const path = `../custom_components/proxmox_backup_checker/translations/${language}.json`;
    const { sensor } = JSON.parse(readFileSync(path, "utf8")).entity;
    for (const status of STATUSES) {
      const known =
        sensor.guest_status.state[status] ?? sensor.job_status.state[status] ?? sensor.server_status.state[status];
      expect(wordsIn(language).say(`status_${status}` as Key)).toBe(known);
    }
  });

  test("count in the language's way", async () => {
    await fetchWords("de-AT");
    expect(wordsIn("de-AT").count("problems", 1)).toBe("1 Problem");
    expect(wordsIn("de-AT").count("problems", 2)).toBe("2 Probleme");
    expect(wordsIn("en").count("problems", 0)).toBe("0 problems");
  });

  test("are English for whoever speaks neither", () => {
    expect(fetchWords("fr")).toBeUndefined();
    expect(wordsIn("fr").say("today")).toBe("Today");
  });
});
