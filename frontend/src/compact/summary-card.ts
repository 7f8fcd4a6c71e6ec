import { nothing, type PropertyValues } from "lit";
import type { Row } from "../data/row";
import { WallController } from "../data/wall-controller";
import { navigate } from "../ha/actions";
import { HassElement } from "../ha/hass-element";
import type { CardConfig } from "../ha/lazy-card";
import { wordsOf } from "../i18n/words";
import { sortRows } from "../model/sort";
import { openWall } from "../wall/open-wall";
import { isLost, type Summary, summarise } from "../wall/summary";

const DAYS = 30;

/** What the one-line card and the badge share: the sum of a wall, and what a tap opens. */
export abstract class SummaryCard extends HassElement {
  static override properties = {
    config: { attribute: false },
  };

  config?: CardConfig;
  protected readonly wall = new WallController(this);

  protected override willUpdate(_: PropertyValues): void {
    if (!this.hass || !this.config) return;
    const { server } = this.config;
    this.wall.watch(this.hass, { group: "guest", days: DAYS, ...(server ? { entryId: server } : {}) });
  }

  /** The sum, or why there is none. */
  protected summary(): Summary | undefined {
    if (!this.hass) return undefined;
    const words = wordsOf(this.hass);
    const { phase, servers } = this.wall.state;
    if (phase === "loading") return undefined;
    if (phase === "failed") return { tone: "muted", text: words.say("status_unknown"), detail: this.wall.state.error };
    if (phase === "not_loaded")
      return { tone: "muted", text: words.say("status_unknown"), detail: words.say("not_loaded") };
    if (!servers.length) return { tone: "muted", text: words.say("no_server"), detail: "" };
    const lost = servers.find(isLost);
    const summary = summarise(servers, this.wall.state.rows, words);
    return lost ? { ...summary, detail: lost.name } : summary;
  }

  /** The guests that need attention most. */
  protected worst(): Row[] {
    return sortRows(
      this.wall.state.rows.filter((row) => row.problem === true && !row.deleted),
      "worst",
    );
  }

  protected press = (): void => {
    const { navigation_path: path, server, title } = this.config ?? { type: "" };
    if (path) navigate(path);
    else openWall(this, { type: "", ...(title ? { title } : {}), ...(server ? { server } : {}) });
  };

  protected override render(): unknown {
    return nothing;
  }
}
