/**
 * What holds for both transports where nothing else is said.
 *
 * @module
 */

/** The address that servers bind: all of IPv4. */
export const DEFAULT_BIND_ADDRESS = "0.0.0.0";

/** Milliseconds that anything of a peer is waited for: a name, a connection, an answer. */
export const DEFAULT_TIMEOUT = 5000;
