/** Brings the English texts of everything that is fetched after the wall. */

import more from "./en-more.json";
import { addEnglish } from "./words";

addEnglish(more);
