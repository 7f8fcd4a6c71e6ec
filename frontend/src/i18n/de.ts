import de from "./de.json";
import type { Texts } from "./keys";

export const german: Texts = de;
