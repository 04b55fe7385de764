/**
 * What a run's messages carry.
 *
 * @module
 */
import { equals } from "@std/bytes/equals";
import { pattern, PATTERN_HEADER_SIZE, patternSequence } from "./pattern.ts";

/**
 * The content of a run's messages: the same bytes for each, or so many patterned
 * bytes that differ from message to message.
 */
export type Payload = Uint8Array | { size: number };

/** Makes a run's messages, and knows them again. */
export class MessageSource {
  /** The size of each message, in bytes. */
  readonly size: number;
  /** Whether every message differs from every other. */
  readonly distinct: boolean;
  readonly #payload: Payload;
  /** Keeps a stray message of another run from passing for one of this run. */
  readonly #stream: number = crypto.getRandomValues(new Uint32Array(1))[0];

  /** @param payload What the messages carry. */
  constructor(payload: Payload) {
    this.#payload = payload;
    const fixed = payload instanceof Uint8Array;
    this.size = fixed ? payload.length : payload.size;
    this.distinct = !fixed && payload.size >= PATTERN_HEADER_SIZE;
  }

  /** The message with a sequence number. */
  message(sequence: number): Uint8Array {
    return this.#payload instanceof Uint8Array
      ? this.#payload
      : pattern(this.#payload.size, this.#stream, sequence);
  }

  /** The sequence number of a message; `undefined` for bytes that are none of this run's. */
  sequenceOf(bytes: Uint8Array): number | undefined {
    if (!this.distinct) return undefined;
    const sequence = patternSequence(bytes, this.#stream);
    if (sequence === undefined || !equals(bytes, this.message(sequence))) {
      return undefined;
    }
    return sequence;
  }
}
