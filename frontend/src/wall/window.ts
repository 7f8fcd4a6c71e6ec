/** Which rows of a long list are on the screen, where rows are of different heights. */
export class Offsets {
  readonly #tops: number[] = [0];

  constructor(heights: Iterable<number>) {
    let top = 0;
    for (const height of heights) {
      top += height;
      this.#tops.push(top);
    }
  }

  get count(): number {
    return this.#tops.length - 1;
  }

  /** Returns where a row begins; the one after the last begins where the list ends. */
  top(index: number): number {
    return this.#tops[Math.max(0, Math.min(index, this.count))] ?? 0;
  }

  /** Returns the row at a height. */
  at(y: number): number {
    let [low, high] = [0, this.count - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** Returns the rows to draw, some more than can be seen so that scrolling shows no gaps. */
  between(scrolled: number, height: number, spare: number): [first: number, end: number] {
    const first = Math.max(0, this.at(scrolled) - spare);
    return [first, Math.min(this.count, this.at(scrolled + height) + 1 + spare)];
  }
}
