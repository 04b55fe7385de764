/**
 * When the messages of a run are due.
 *
 * @module
 */
import { pause } from "../net/backoff.ts";

/** Options of {@linkcode paced}. */
export interface PaceOptions {
  /** How many messages. @default {1} */
  count?: number;
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
  const { count = 1, interval = 0, signal } = options;
  for (let sequence = 1; sequence <= count; sequence++) {
    if (signal?.aborted) return;
    const started = performance.now();
    yield sequence;
    const left = started + interval - performance.now();
    if (left > 0 && sequence < count) await pause(left, signal);
  }
}
