/**
 * When the messages of a run are due.
 *
 * @module
 */
import { pause } from "../net/backoff.ts";

/** Options of {@linkcode paced}. */
export interface PaceOptions {
  /** How many messages; where there is a duration, as many as fit into it. @default {1} */
  count?: number;
  /** Milliseconds after which no further message starts. */
  duration?: number;
  /**
   * Milliseconds from the start of one message to the start of the next. A
   * message whose time has come while the one before was under way follows at
   * once, and the ones after it keep their distance from it. @default {0}
   */
  interval?: number;
  /** Ends the run early. */
  signal?: AbortSignal;
}

/**
 * Yields the sequence number of each message, from 1, at the moment at which it
 * is due.
 */
export async function* paced(options: PaceOptions): AsyncGenerator<number> {
  const { duration = Infinity, interval = 0, signal } = options;
  const count = options.count ?? (duration === Infinity ? 1 : Infinity);
  const end = performance.now() + duration;
  for (let sequence = 1; sequence <= count; sequence++) {
    if (signal?.aborted) return;
    const started = performance.now();
    yield sequence;
    const left = started + interval - performance.now();
    if (sequence === count || started + interval >= end) return;
    if (left > 0) await pause(left, signal);
    if (performance.now() >= end) return;
  }
}
