/**
 * Returning memory to the system after a burst of clients.
 *
 * @module
 */
import type { ProgramEvent } from "../events/line.ts";

/** So many clients at once leave enough garbage to be worth a collection. */
const BURST = 1000;

/** A burst is over when so few of its clients are left. */
const REMNANT = 1 / 10;

/** Milliseconds from the end of a burst to the collection: its last clients soon end, too. */
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

  /** Counts connections as they open and close. */
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
 * Runs a full garbage collection, after which V8 returns pages to the system. It
 * takes some tens of milliseconds, in which no client is served.
 */
export async function collectGarbage(): Promise<void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import("node:v8"),
    import("node:vm"),
  ]);
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
