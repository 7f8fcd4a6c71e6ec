import type { Connection } from "../ha/types";
import { fetchSizes } from "./commands";
import type { Row } from "./row";

const WAIT = 80;
const BATCH = 60;

/** The sizes of the last days of the rows that are on the screen, fetched together once they stay there. */
export class Sizes {
  #known = new Map<string, { stamp: string; sizes: (number | null)[] }>();
  #wanted = new Map<string, string>();
  #timer?: ReturnType<typeof setTimeout>;

  constructor(private readonly arrived: () => void) {}

  of(row: Row): (number | null)[] | undefined {
    return this.#known.get(row.id)?.sizes;
  }

  want(connection: Connection, rows: Row[], days: number): void {
    for (const row of rows) {
      const stamp = `${days}/${row.cells}/${row.lastSuccess}`;
      if (this.#known.get(row.id)?.stamp !== stamp) this.#wanted.set(row.id, stamp);
    }
    if (this.#wanted.size) this.#timer ??= setTimeout(() => this.#fetch(connection, days), WAIT);
  }

  async #fetch(connection: Connection, days: number): Promise<void> {
    const wanted = [...this.#wanted].slice(-BATCH);
    this.#wanted.clear();
    try {
      const sizes = await fetchSizes(
        connection,
        wanted.map(([id]) => id),
        days,
      );
      for (const [id, stamp] of wanted) this.#known.set(id, { stamp, sizes: sizes[id] ?? [] });
      this.arrived();
    } catch {
      // Without sizes the wall lacks its sparklines and nothing else; the next row that comes into view asks again.
    } finally {
      this.#timer = undefined;
    }
  }
}
