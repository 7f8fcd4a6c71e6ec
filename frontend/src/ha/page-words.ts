import { fetchWords, type Words, wordsIn } from "../i18n/words";

const language = (): string => document.documentElement.lang || navigator.language || "en";

/** Returns the words of the page's language, for places that are not given `hass`. */
export const pageWords = (): Words => {
  fetchWords(language());
  return wordsIn(language());
};

/** Returns them when they are certain to be there. */
export async function fetchedPageWords(): Promise<Words> {
  await fetchWords(language());
  return wordsIn(language());
}
