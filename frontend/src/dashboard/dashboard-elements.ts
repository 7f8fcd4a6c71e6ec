/** The part that is fetched with the dashboard. */

import "../i18n/more";
import { ActivityCard } from "../activity/activity-card";
import { CausesCard } from "../causes/causes-card";
import { DigestCard } from "../digest/digest-card";
import { NextRunsCard } from "../next-runs/next-runs-card";
import { Problem } from "../problems/problem";
import { ProblemsCard } from "../problems/problems-card";
import { StartCard } from "../start/start-card";
import { StoragesCard } from "../storages/storages-card";

customElements.define("pbc-start", StartCard);
customElements.define("pbc-causes", CausesCard);
customElements.define("pbc-activity", ActivityCard);
customElements.define("pbc-digest", DigestCard);
customElements.define("pbc-storages", StoragesCard);
customElements.define("pbc-next-runs", NextRunsCard);
customElements.define("pbc-problem", Problem);
customElements.define("pbc-problems", ProblemsCard);
