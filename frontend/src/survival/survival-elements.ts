/** The part that is fetched with the view "If … died". */

import "../i18n/more";
import { SurvivalCard } from "./survival-card";

customElements.define("pbc-survival", SurvivalCard);
