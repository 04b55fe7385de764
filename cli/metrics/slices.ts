/**
 * Work that takes a while, in slices between which messages are sent and answers
 * read.
 *
 * @module
 */
import { setImmediate } from "node:timers";

/** The longest slice, in milliseconds: what it may add to a delay. */
const LONGEST = 1;

/** Work in slices. */
export class Slices {
  #began = performance.now();

  /** Between two pieces of work: lets others have their turn where it is time. */
  async next(): Promise<void> {
    if (performance.now() - this.#began < LONGEST) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#began = performance.now();
  }
}
