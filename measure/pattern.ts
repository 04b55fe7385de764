/**
 * Payloads that can be told apart.
 *
 * @module
 */

/** The stream and the sequence number, 32 bits each, in network byte order. */
export const PATTERN_HEADER_SIZE = 8;

/** A pattern's payload is handed out in pieces of this many bytes. */
const PIECE_SIZE = 65_536;

/**
 * Fills a buffer with bytes that differ from message to message and from place
 * to place, so that a lost, doubled, swapped or corrupted message cannot pass
 * for another: stream and sequence number, where there is room for them, then
 * a pseudo-random run (xorshift32) seeded with both.
 *
 * @param buffer What to fill, from end to end.
 * @param stream Tells runs and connections apart; 32 bits.
 * @param sequence Tells messages apart; 32 bits.
 */
export function fillPattern(
  buffer: Uint8Array<ArrayBuffer>,
  stream: number,
  sequence: number,
): void {
  const view = new DataView(
    buffer.buffer,
    buffer.byteOffset,
    buffer.byteLength,
  );
  let start = 0;
  if (buffer.length >= PATTERN_HEADER_SIZE) {
    view.setUint32(0, stream);
    view.setUint32(4, sequence);
    start = PATTERN_HEADER_SIZE;
  }
  // xorshift32 never leaves zero, hence the lowest bit.
  let state =
    (Math.imul(stream ^ Math.imul(sequence, 0x9e3779b1), 0x85ebca6b) | 1) >>> 0;
  let at = start;
  while (at < buffer.length) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    if (at + 4 <= buffer.length) view.setUint32(at, state);
    else {for (let i = at; i < buffer.length; i++) {
        view.setUint8(i, state >>> (8 * (i - at)));
      }}
    at += 4;
  }
}

/** A new payload of a size, filled by {@linkcode fillPattern}. */
export function pattern(
  size: number,
  stream: number,
  sequence: number,
): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(size);
  fillPattern(buffer, stream, sequence);
  return buffer;
}

/** The sequence number in a message of a stream; `undefined` in any other. */
export function patternSequence(
  message: Uint8Array,
  stream: number,
): number | undefined {
  if (message.length < PATTERN_HEADER_SIZE) return undefined;
  const view = new DataView(message.buffer, message.byteOffset);
  return view.getUint32(0) === stream ? view.getUint32(4) : undefined;
}

/**
 * A patterned payload of any size in pieces, made as they are asked for.
 *
 * @example 100 MB without 100 MB of memory
 * ```ts
 * import { patternPieces } from "./measure/pattern.ts";
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
  for (let sequence = 0, left = size; left > 0; sequence++) {
    const piece = pattern(Math.min(left, PIECE_SIZE), stream, sequence);
    left -= piece.length;
    yield piece;
  }
}
