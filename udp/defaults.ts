/**
 * What holds over UDP where nothing else is said.
 *
 * @module
 */

/** The port that servers bind and clients ask: the teaching programs'. */
export const DEFAULT_PORT = 7000;
