import de from "./de.json";
import type { Texts } from "./words";

export const german: Texts = de;
