/**
 * `levenshteinDistance`: its package carries no types.
 *
 * @module
 */

/** How many characters must be put in, left out or replaced to make one text the other. */
export function levenshteinDistance(a: string, b: string): number;
