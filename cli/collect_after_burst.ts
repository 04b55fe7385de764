/**
 * Giving memory back once a crowd of clients has gone.
 *
 * @module
 */
import type { ProgramEvent } from "../events/line.ts";

/** How many clients at once leave enough behind to be cleared away. */
const CROWD = 1000;

/** When so few of a crowd are left, it has gone. */
const REMNANT = 1 / 10;

/** Milliseconds that it waits then: in a crowd that goes, the last are not far. */
const PATIENCE = 1000;

/**
 * Watches a TCP server's clients. A server that has nothing to do allocates
 * nothing, so nothing makes V8 look for what a crowd has left behind, and a
 * server that once had ten thousand clients would keep their memory for good.
 */
export class Crowd {
  readonly #collect: () => void;
  readonly #patience: number;
  #present = 0;
  #most = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param collect Is called once after each crowd has gone.
   * @param patience Milliseconds from then to that call.
   */
  constructor(collect: () => void, patience = PATIENCE) {
    this.#collect = collect;
    this.#patience = patience;
  }

  /** Takes notice of clients that come and go. */
  observe({ event }: ProgramEvent): void {
    if (event === "connection-opened") this.#present++;
    else if (event === "connection-closed") this.#present--;
    else return;
    this.#most = Math.max(this.#most, this.#present);
    const isGone = this.#most >= CROWD &&
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
