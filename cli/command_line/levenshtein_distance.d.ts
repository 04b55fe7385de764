/**
 * `levenshteinDistance`: its package carries no types.
 *
 * @module
 */

/** The insertions, deletions and substitutions of characters from one text to the other. */
export function levenshteinDistance(a: string, b: string): number;
