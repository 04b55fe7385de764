/**
 * How many messages, or bytes, a schedule has handed out.
 *
 * @module
 */

/** Counts what is taken. */
export interface Claims {
  /** Takes so many; returns how many were taken before. */
  take(number: number): number;
}

/** The claims of one thread. */
export class OwnClaims implements Claims {
  #taken = 0;

  /** Takes so many; returns how many were taken before. */
  take(number: number): number {
    const before = this.#taken;
    this.#taken += number;
    return before;
  }
}

/** The memory of the claims that several threads share. */
export function claimsMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
}

/** The claims that all threads with the same memory make together. */
export class SharedClaims implements Claims {
  readonly #counts: BigInt64Array;
  readonly #place: number;

  /**
   * @param memory Where they are: see {@linkcode claimsMemory}.
   * @param what Which of the two that it has room for.
   */
  constructor(memory: SharedArrayBuffer, what: "messages" | "bytes") {
    this.#counts = new BigInt64Array(memory);
    this.#place = what === "messages" ? 0 : 1;
  }

  /** Takes so many; returns how many were taken before. */
  take(number: number): number {
    return Number(Atomics.add(this.#counts, this.#place, BigInt(number)));
  }
}
