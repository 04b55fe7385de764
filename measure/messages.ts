/**
 * The content of a run's messages.
 *
 * @module
 */
import { firstDifference } from "./echo_check.ts";
import { fillPattern } from "./pattern.ts";
import { type MessageSize, mixed, Sizes } from "./sizes.ts";

/**
 * The content of a run's messages: the same bytes for each, or patterned bytes
 * of this size that differ from message to message.
 */
export type Payload = Uint8Array | { size: number };

/** The same for a run that measures: the size may be drawn for each message. */
export type MeasuredPayload = Payload | { size: MessageSize };

/** The size of a payload's messages. */
export function sizeOf(payload: MeasuredPayload): MessageSize {
  return payload instanceof Uint8Array ? payload.length : payload.size;
}

/**
 * The stream, the sequence number, and a checksum of both, 32 bits each, in
 * network byte order: a damaged number must not pass for another message's.
 */
export const HEADER_SIZE = 12;

/**
 * The pattern repeats after this many bytes: a prime number, so that a missing
 * whole number of buffers shows.
 */
const PERIOD = 65_521;

/** The distance in the pattern between the starts of successive messages. */
const STRIDE = 40_503;

/** Below this, a loop is faster than a view of the buffer. */
const SMALL = 128;

/**
 * The messages of one connection or socket. They are written and compared from one
 * pattern, so that no message in flight needs to be kept.
 */
export class Messages {
  /** The size of each. */
  readonly sizes: Sizes;
  /** Tells this connection's messages apart from others'; 32 bits. */
  readonly stream: number;
  readonly #period: Uint8Array<ArrayBuffer>;
  readonly #stride: number;
  /** Whether they have a header before the pattern, where they are large enough. */
  readonly #hasHeader: boolean;

  /**
   * @param payload What they carry.
   * @param stream Tells this connection's messages apart from others'; 32 bits.
   * @param flow The flow's number, from 0, by which sizes are drawn.
   */
  constructor(payload: MeasuredPayload, stream: number, flow = 0) {
    const fixed = payload instanceof Uint8Array;
    this.sizes = new Sizes(sizeOf(payload), flow);
    this.stream = stream >>> 0;
    this.#hasHeader = !fixed;
    this.#stride = fixed ? 0 : STRIDE;
    if (fixed) this.#period = payload.slice();
    else fillPattern(this.#period = new Uint8Array(PERIOD), stream);
  }

  /** The size of a message, in bytes. */
  size(sequence: number): number {
    return this.sizes.of(sequence);
  }

  /** Bytes of header before the pattern. */
  #header(sequence: number): number {
    return this.#hasHeader && this.size(sequence) >= HEADER_SIZE
      ? HEADER_SIZE
      : 0;
  }

  /** The checksum of a message's header: every bit depends on every bit of the number. */
  #checksum(sequence: number): number {
    return mixed(this.stream ^ Math.imul(sequence, 0x9e3779b1));
  }

  /** The byte of the header at an offset. */
  #headerByte(sequence: number, offset: number): number {
    const word = offset < 4
      ? this.stream
      : offset < 8
      ? sequence
      : this.#checksum(sequence);
    return word >>> (24 - 8 * (offset & 3)) & 0xff;
  }

  /**
   * The lower 32 bits of a received message's sequence number, by its header.
   *
   * @returns `undefined` where the header is damaged, or another stream's.
   */
  sequenceOf(received: Uint8Array): number | undefined {
    if (received.length < HEADER_SIZE) return undefined;
    const sequence = wordAt(received, 4);
    const isIntact = wordAt(received, 0) === this.stream &&
      wordAt(received, 8) === this.#checksum(sequence) >>> 0;
    return isIntact ? sequence : undefined;
  }

  #place(sequence: number, offset: number): number {
    return (sequence * this.#stride + offset) % this.#period.length;
  }

  /** Writes bytes of a message, from an offset in it, to a place in a buffer. */
  fill(
    buffer: Uint8Array,
    at: number,
    sequence: number,
    offset: number,
    length: number,
  ): void {
    const end = at + length;
    const header = this.#header(sequence);
    while (at < end && offset < header) {
      buffer[at++] = this.#headerByte(sequence, offset++);
    }
    const period = this.#period;
    for (let place = this.#place(sequence, offset); at < end; place = 0) {
      const run = Math.min(end - at, period.length - place);
      if (run <= SMALL) {
        for (let i = 0; i < run; i++) buffer[at + i] = period[place + i];
      } else buffer.set(period.subarray(place, place + run), at);
      at += run;
    }
  }

  /**
   * Compares received bytes with those of a message from an offset in it.
   *
   * @returns The offset of the first difference; -1 where there is none.
   */
  difference(
    received: Uint8Array,
    at: number,
    sequence: number,
    offset: number,
    length: number,
  ): number {
    const start = at;
    const end = at + length;
    const header = this.#header(sequence);
    for (; at < end && offset < header; at++, offset++) {
      if (received[at] !== this.#headerByte(sequence, offset)) {
        return at - start;
      }
    }
    const period = this.#period;
    for (let place = this.#place(sequence, offset); at < end; place = 0) {
      const run = Math.min(end - at, period.length - place);
      if (run <= SMALL) {
        for (let i = 0; i < run; i++) {
          if (received[at + i] !== period[place + i]) return at + i - start;
        }
      } else {
        const difference = firstDifference(
          period.subarray(place, place + run),
          received.subarray(at, at + run),
        );
        if (difference !== undefined) return at + difference.offset - start;
      }
      at += run;
    }
    return -1;
  }

  /** The byte of a message at an offset. */
  byteAt(sequence: number, offset: number): number {
    return offset < this.#header(sequence)
      ? this.#headerByte(sequence, offset)
      : this.#period[this.#place(sequence, offset)];
  }
}

/** Thirty-two bits in network byte order. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
    bytes[at + 3]) >>> 0;
}

/** Bytes in each piece of a patterned payload. */
const PIECE_SIZE = 65_536;

/**
 * A patterned payload of any size, in pieces that are made on demand.
 *
 * @example 100 MB without 100 MB of memory
 * ```ts
 * import { patternPieces } from "./mod.ts";
 *
 * let bytes = 0;
 * for (const piece of patternPieces(100_000_000)) bytes += piece.length;
 * console.log(bytes); // 100000000
 * ```
 */
export function* patternPieces(
  size: number,
  stream = 0,
): Generator<Uint8Array<ArrayBuffer>> {
  const messages = new Messages({ size: PIECE_SIZE }, stream);
  for (let sequence = 1, left = size; left > 0; sequence++) {
    const piece = new Uint8Array(Math.min(left, PIECE_SIZE));
    messages.fill(piece, 0, sequence, 0, piece.length);
    left -= piece.length;
    yield piece;
  }
}
