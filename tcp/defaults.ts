/**
 * Default values over TCP.
 *
 * @module
 */

/** The port that servers bind and clients connect to. */
export const DEFAULT_PORT = 27_015;

/** The most clients that a server has at once. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;

/** The most bytes that a server reads ahead of the echo, for all clients together. */
export const DEFAULT_READ_AHEAD: number = 128 * 1024 * 1024;
