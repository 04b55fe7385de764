/**
 * Default values over UDP.
 *
 * @module
 */

/** The port that servers bind and clients send to. */
export const DEFAULT_PORT = 7000;

/** The port of STAMP: TWAMP-Test's receiver port (RFC 8762, section 4.1; RFC 8545). */
export const STAMP_PORT = 862;

/** The most sessions that a STAMP reflector keeps: some 10 MB. */
export const DEFAULT_MAX_SESSIONS = 65_536;
