/**
 * The sizes of a run's messages.
 *
 * @module
 */
import { EchosounderError } from "../net/errors.ts";

/** Sizes drawn evenly at random. */
export interface SizeRange {
  /** The smallest, in bytes. */
  least: number;
  /** The largest, in bytes. */
  most: number;
  /**
   * What they are drawn by, 32 bits: with the same seed, the n-th message of each
   * connection or socket has the same size in every run. By default at random;
   * `started` has it.
   */
  seed?: number;
}

/** The size of each message, in bytes, or the range from which each size is drawn. */
export type MessageSize = number | SizeRange;

/** A number of 32 bits that no other run is likely to have. */
export function randomWord(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/**
 * The sizes of one flow's messages. A size follows from the seed, the flow and the
 * sequence number, so that none needs to be kept.
 */
export class Sizes {
  /** The smallest, in bytes. */
  readonly least: number;
  /** The largest, in bytes. */
  readonly most: number;
  readonly #seed: number;

  /**
   * @param size One size for all, or a range.
   * @param flow The flow's number, from 0.
   */
  constructor(size: MessageSize, flow = 0) {
    const { least, most, seed = 0 } = typeof size === "number"
      ? { least: size, most: size }
      : size;
    this.least = least;
    this.most = most;
    this.#seed = mixed(seed ^ Math.imul(flow, 0x9e3779b1));
  }

  /** The size of a message. */
  of(sequence: number): number {
    if (this.least === this.most) return this.most;
    const drawn = mixed(this.#seed ^ Math.imul(sequence, 0x85ebca6b)) >>> 0;
    return this.least +
      Math.floor(drawn / 2 ** 32 * (this.most - this.least + 1));
  }
}

/** Thirty-two bits in which each depends on all of these. */
export function mixed(word: number): number {
  word = Math.imul(word ^ word >>> 16, 0x85ebca6b);
  word = Math.imul(word ^ word >>> 13, 0xc2b2ae35);
  return word ^ word >>> 16;
}

/** The same size or range, its seed drawn where it has none. */
export function seeded(size: MessageSize): MessageSize {
  return typeof size === "number"
    ? size
    : { ...size, seed: size.seed ?? randomWord() };
}

/** The least and the most bytes of a message of this size. */
export function limitsOf(size: MessageSize): { least: number; most: number } {
  return typeof size === "number" ? { least: size, most: size } : size;
}

/**
 * Checks a size or a range.
 *
 * @param smallest The least bytes that a message needs.
 * @throws {EchosounderError} `invalid-option` for a wrong one.
 */
export function checkSize(size: MessageSize, smallest: number): void {
  const { least, most } = limitsOf(size);
  for (const bytes of [least, most]) {
    if (!Number.isSafeInteger(bytes) || bytes < smallest) {
      throw new EchosounderError(
        "invalid-option",
        `size: ${bytes} is not a whole number from ${smallest}`,
      );
    }
  }
  const { seed = 0 } = typeof size === "number" ? {} : size;
  const reason = least > most
    ? `size: from ${least} to ${most} there is none`
    : seed >>> 0 !== seed
    ? `seed: ${seed} is not a whole number from 0 to ${2 ** 32 - 1}`
    : undefined;
  if (reason !== undefined) {
    throw new EchosounderError("invalid-option", reason);
  }
}
