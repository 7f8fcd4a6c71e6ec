/** The part that is fetched with the one-line card or the badge. */

import "../i18n/more";
import { SummaryBadge } from "./badge";
import { CompactCard } from "./compact-card";

customElements.define("pbc-compact", CompactCard);
customElements.define("pbc-badge", SummaryBadge);
