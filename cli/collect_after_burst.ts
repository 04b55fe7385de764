/**
 * Giving memory back after a burst of clients.
 *
 * @module
 */
import type { ProgramEvent } from "../events/line.ts";

/** So many clients at once leave enough behind to be collected. */
const BURST = 1000;

/** A burst is over when so few of its clients are left. */
const REMNANT = 1 / 10;

/** Milliseconds that it waits then: the last of a burst are soon gone, too. */
const PATIENCE = 1000;

/**
 * Runs a full collection after a burst of clients. An idle server allocates
 * nothing, so nothing starts V8's collector, and a server that once had ten
 * thousand clients would keep their memory for good.
 */
export class CollectAfterBurst {
  readonly #collect: () => void;
  readonly #patience: number;
  #present = 0;
  #most = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param collect Called once after each burst.
   * @param patience Milliseconds from its end to that call.
   */
  constructor(collect: () => void, patience = PATIENCE) {
    this.#collect = collect;
    this.#patience = patience;
  }

  /** Counts clients that come and go. */
  observe({ event }: ProgramEvent): void {
    if (event === "connection-opened") this.#present++;
    else if (event === "connection-closed") this.#present--;
    else return;
    this.#most = Math.max(this.#most, this.#present);
    const isGone = this.#most >= BURST &&
      this.#present <= this.#most * REMNANT;
    if (!isGone || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#most = this.#present;
      this.#collect();
    }, this.#patience);
    // A server that is done does not wait for this.
    Deno.unrefTimer(this.#timer);
  }
}

/**
 * Has V8 collect all garbage now, and give the pages back. It takes some tens of
 * milliseconds, in which nobody is served.
 */
export async function collectGarbage(): Promise<void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import("node:v8"),
    import("node:vm"),
  ]);
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
