/**
 * Default values over both transports.
 *
 * @module
 */

/** The address that servers bind: every IPv4 address of the machine. */
export const DEFAULT_BIND_ADDRESS = "0.0.0.0";

/** Milliseconds to wait for a name, a connection or an answer. */
export const DEFAULT_TIMEOUT = 5000;
