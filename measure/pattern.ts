/**
 * Pseudo-random bytes.
 *
 * @module
 */

/**
 * Fills a buffer with pseudo-random bytes (xorshift32), the same for the same
 * seed.
 *
 * @param buffer The buffer.
 * @param seed 32 bits.
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
