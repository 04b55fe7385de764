/**
 * The clock that everything is measured with.
 *
 * @module
 */

/** Microseconds on a clock that never goes back, in steps well below one. */
export function now(): number {
  return performance.now() * 1000;
}

/**
 * Microseconds from one moment to another, to a tenth: what the clock can tell
 * apart, without the noise of a floating-point number.
 */
export function between(start: number, end: number): number {
  return Math.round((end - start) * 10) / 10;
}

/** Microseconds since a moment of {@linkcode now}, to a tenth. */
export function since(start: number): number {
  return between(start, now());
}
