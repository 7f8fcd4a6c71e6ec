/** The part that is fetched with the view of a backup server. */

import "../i18n/more";
import { DatastoresCard } from "./datastores-card";

customElements.define("pbc-datastores", DatastoresCard);
