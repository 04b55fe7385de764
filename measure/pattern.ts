/**
 * Bytes that differ from place to place.
 *
 * @module
 */

/**
 * Fills a buffer with a pseudo-random run (xorshift32), the same for the same
 * seed.
 *
 * @param buffer What to fill, from end to end.
 * @param seed Tells runs apart; 32 bits.
 */
export function fillPattern(
  buffer: Uint8Array<ArrayBuffer>,
  seed: number,
): void {
  // xorshift32 never leaves zero, hence the lowest bit.
  let state = (Math.imul(seed, 0x85ebca6b) | 1) >>> 0;
  for (let at = 0; at < buffer.length; at++) {
    if (at % 4 === 0) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    buffer[at] = state >>> (8 * (at % 4));
  }
}
