import type { Hass } from "../ha/types";
import en from "./en.json";
import type { Key, PluralKey, Texts } from "./keys";

type Values = Record<string, string | number>;

/** What everything says; the parts that are fetched later bring their own texts with them. */
const ENGLISH: Partial<Texts> = { ...en };

export const addEnglish = (texts: Partial<Texts>): void => void Object.assign(ENGLISH, texts);

/** Languages beside English; each is fetched when somebody speaks it. */
const OTHERS: Record<string, () => Promise<Texts>> = { de: () => import("./de").then(({ german }) => german) };

/** Says things in the user's language. */
export class Words {
  readonly #plurals: Intl.PluralRules;
  readonly #numbers: Intl.NumberFormat;

  constructor(
    language: string,
    private readonly texts: Partial<Texts>,
  ) {
    this.#plurals = new Intl.PluralRules(language);
    this.#numbers = new Intl.NumberFormat(language);
  }

  say = (key: Key, values: Values = {}): string =>
    (this.texts[key] ?? ENGLISH[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => this.#written(values[name]));

  /** "5,000" guests, as people write numbers in this language. */
  #written = (value: string | number | undefined): string =>
    typeof value === "number" ? this.#numbers.format(value) : (value ?? "");

  /** Says it with the number of things in it. */
  count = (key: PluralKey, n: number, values: Values = {}): string =>
    this.say(`${key}_${this.#plurals.select(n) === "one" ? "one" : "other"}` as Key, { n, ...values });
}

const spoken = new Map<string, Words>([["en", new Words("en", ENGLISH)]]);
const english = spoken.get("en") as Words;

const known = (language: string): string => {
  const base = language.split("-")[0] ?? "";
  return base in OTHERS ? base : "en";
};

/** Returns the words of a language, English ones until they are there. */
export const wordsIn = (language: string): Words => spoken.get(known(language)) ?? english;

/** Fetches the words of a language; returns nothing where they are there already. */
export function fetchWords(language: string): Promise<void> | undefined {
  const base = known(language);
  if (spoken.has(base)) return undefined;
  return (OTHERS[base] as () => Promise<Texts>)().then(
    (texts) => void spoken.set(base, new Words(base, texts)),
    () => void spoken.set(base, english),
  );
}

/** The language of who looks. */
export const languageOf = (hass: Pick<Hass, "language" | "locale">): string =>
  hass.locale?.language || hass.language || "en";

export const wordsOf = (hass: Pick<Hass, "language" | "locale">): Words => wordsIn(languageOf(hass));

export const fetchWordsFor = (hass: Pick<Hass, "language" | "locale">) => fetchWords(languageOf(hass));
