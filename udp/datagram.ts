/**
 * Sizes of UDP datagrams.
 *
 * @module
 */
import type { AddressFamily } from "../net/resolve.ts";

/**
 * Large enough for any datagram: one that does not fit is truncated by Linux and
 * refused by Windows.
 */
export const RECEIVE_BUFFER_SIZE = 65_536;

/**
 * The most bytes that a datagram can carry, by address family: 65535, less the
 * UDP header of 8 bytes and, where the length counts it, the IPv4 header of 20
 * (RFC 768, RFC 791, RFC 8200).
 */
export const LARGEST_DATAGRAM: Record<AddressFamily, number> = {
  4: 65_507,
  6: 65_527,
};
