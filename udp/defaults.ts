/**
 * Default values over UDP.
 *
 * @module
 */

/** The port that servers bind and clients send to. */
export const DEFAULT_PORT = 7000;
