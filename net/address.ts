/**
 * Formatting and comparing addresses.
 *
 * @module
 */
import ipaddr from "ipaddr.js";

/** Where a client sends from. */
export interface LocalAddress {
  /** An address of this machine. */
  hostname: string;
  /** A port; by default, or with 0, the system chooses one. */
  port?: number;
}

/** `127.0.0.1:7000`, `[::1]:7000`. */
export function formatAddress(hostname: string, port: number): string {
  return hostname.includes(":")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}

/**
 * One spelling for each address, so that two can be compared as text: IPv6 is
 * compressed (RFC 5952) and without a zone, and an IPv4-mapped IPv6 address
 * becomes plain IPv4, since a dual-stack socket shows IPv4 peers in that form.
 */
export function canonicalAddress(address: string): string {
  return ipaddr.process(address.split("%")[0]).toString();
}

/** Whether the text is an IPv4 address in four decimal parts, or an IPv6 one. */
export function isIpAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/**
 * Whether an address is that of a single peer: not multicast, broadcast or
 * unspecified.
 *
 * @param address An address as the system spells it.
 */
export function isUnicast(address: string): boolean {
  const ipv4 = address.startsWith("::ffff:") ? address.slice(7) : address;
  if (!ipv4.includes(":")) {
    const first = parseInt(ipv4, 10);
    return first > 0 && first < 224;
  }
  return !address.startsWith("ff") && address !== "::";
}
