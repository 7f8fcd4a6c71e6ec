/** What can be said: the keys of all texts, those that `en.json` has at once and those that come later. */

import type en from "./en.json";
import type more from "./en-more.json";

export type Key = keyof typeof en | keyof typeof more;
type Plural<K> = K extends `${infer Stem}_other` ? Stem : never;
export type PluralKey = Plural<Key>;
export type Texts = Record<Key, string>;
