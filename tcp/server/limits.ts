/**
 * What all clients of a server share: its limits, over the threads that serve them.
 *
 * @module
 */

/** The places of the counts: servers, clients at once, clients so far, bytes read ahead. */
const SERVERS = 0;
const OPEN = 1;
const ACCEPTED = 2;
const READ_AHEAD = 3;

/** The bytes of memory in which servers keep the counts of what they share. */
export const SHARED_BYTES: number = 4 * BigInt64Array.BYTES_PER_ELEMENT;

/** The limits of one server, or of several with the same memory. */
export class ServerLimits {
  readonly #counts: BigInt64Array;
  readonly #maxConnections: number;
  readonly #readAhead: number;

  /**
   * @param maxConnections The most clients at once.
   * @param readAhead The most bytes that are read ahead of their echo.
   * @param memory Where the counts are; of its own by default.
   */
  constructor(
    maxConnections: number,
    readAhead: number,
    memory: ArrayBufferLike = new ArrayBuffer(SHARED_BYTES),
  ) {
    this.#counts = new BigInt64Array(memory);
    this.#maxConnections = maxConnections;
    this.#readAhead = readAhead;
  }

  /** Adds to a count; returns what it was. */
  #add(place: number, by: number): number {
    return Number(Atomics.add(this.#counts, place, BigInt(by)));
  }

  /** Counts a server; returns whether it is the first. */
  join(): boolean {
    return this.#add(SERVERS, 1) === 0;
  }

  /** Counts a client; its number, from 1, or `undefined` where there are too many. */
  admit(): number | undefined {
    if (this.#add(OPEN, 1) < this.#maxConnections) {
      return this.#add(ACCEPTED, 1) + 1;
    }
    this.#add(OPEN, -1);
  }

  /** A client is gone. */
  leave(): void {
    this.#add(OPEN, -1);
  }

  /** Bytes that may still be read ahead. */
  get readAheadLeft(): number {
    return this.#readAhead - Number(Atomics.load(this.#counts, READ_AHEAD));
  }

  /** Takes bytes of what may be read ahead. */
  takeReadAhead(bytes: number): void {
    this.#add(READ_AHEAD, bytes);
  }

  /** Gives back bytes that were read ahead. */
  giveReadAhead(bytes: number): void {
    this.#add(READ_AHEAD, -bytes);
  }
}
