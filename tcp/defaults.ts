/**
 * What holds over TCP where nothing else is said.
 *
 * @module
 */

/** The port that servers bind and clients ask: the teaching programs'. */
export const DEFAULT_PORT = 27_015;

/** How many clients a server has at once. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;

/** How many bytes all clients of a server together may have sent ahead of their echo. */
export const DEFAULT_READ_AHEAD: number = 128 * 1024 * 1024;
