/**
 * Exponential back-off.
 *
 * @module
 */

/** The waits between attempts: each twice the one before, up to a limit. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  #next: number;

  /**
   * @param first The first wait, in milliseconds.
   * @param longest The longest wait, in milliseconds.
   */
  constructor(first: number, longest: number) {
    this.#first = first;
    this.#longest = longest;
    this.#next = first;
  }

  /** The wait before the next attempt, in milliseconds. */
  next(): number {
    const wait = this.#next;
    this.#next = Math.min(wait * 2, this.#longest);
    return wait;
  }

  /** Starts again from the first wait, after a success. */
  reset(): void {
    this.#next = this.#first;
  }
}

/**
 * Waits, or until the signal aborts; never throws.
 *
 * @param milliseconds How long to wait.
 * @param signal Ends the wait early.
 */
export function pause(
  milliseconds: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** The clock may be set while somebody waits for a time that it will show. */
const CLOCK_CHECK = 1000;

/**
 * Waits until the system's clock shows a time, or until the signal aborts; never
 * throws.
 *
 * @param at Milliseconds since 1970 (UTC).
 * @param signal Ends the wait early.
 */
export async function pauseUntil(
  at: number,
  signal?: AbortSignal,
): Promise<void> {
  while (!signal?.aborted && Date.now() < at) {
    await pause(Math.min(at - Date.now(), CLOCK_CHECK), signal);
  }
}
