/**
 * The clock that everything is measured with.
 *
 * @module
 */

/** Microseconds on a monotonic clock, with a resolution well below one. */
export function now(): number {
  return performance.now() * 1000;
}

/**
 * Microseconds from one time to another, rounded to a tenth: the clock's
 * resolution, without the noise of floating-point numbers.
 */
export function between(start: number, end: number): number {
  return Math.round((end - start) * 10) / 10;
}

/** The wall-clock time of a recent time of {@linkcode now}. */
export function wallTime(at: number): Date {
  return new Date(Date.now() - (now() - at) / 1000);
}

/** Microseconds since a time of {@linkcode now}, rounded to a tenth. */
export function since(start: number): number {
  return between(start, now());
}
