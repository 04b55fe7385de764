/**
 * Work that can wait, in short slices while nothing else is to be done.
 *
 * @module
 */

/** The longest slice, in milliseconds: what it may add to a delay. */
const LONGEST = 0.2;

/** The pause after a slice, in milliseconds. */
const PAUSE = 1;

/** A pause that ends so much late, in milliseconds, shows that others had work. */
const LATE = 2;

/** So many pauses are waited for at most: under full load there is always other work. */
const MOST_PAUSES = 5;

/** Work in slices. */
export class Slices {
  #began = performance.now();

  /** Between two pieces of work: lets others have their turn where it is time. */
  async next(): Promise<void> {
    if (performance.now() - this.#began < LONGEST) return;
    for (let pauses = 0; pauses < MOST_PAUSES; pauses++) {
      const from = performance.now();
      await new Promise<void>((resolve) => setTimeout(resolve, PAUSE));
      this.#began = performance.now();
      if (this.#began - from < PAUSE + LATE) return;
    }
  }
}
