/**
 * Which peers a server serves.
 *
 * @module
 */
import ipaddr from "ipaddr.js";
import { isIpAddress } from "./address.ts";
import { EchosounderError } from "./errors.ts";

/** A test whether the peer at an address is to be served. */
export type AllowList = (hostname: string) => boolean;

type Block = [address: ipaddr.IPv4 | ipaddr.IPv6, prefixLength: number];

function parseBlock(text: string): Block {
  const [address, length, ...rest] = text.split("/");
  const valid = rest.length === 0 && isIpAddress(address) &&
    (length === undefined || /^\d{1,3}$/.test(length));
  if (valid) {
    const base = ipaddr.parse(address);
    const longest = base.kind() === "ipv4" ? 32 : 128;
    const prefixLength = length === undefined ? longest : Number(length);
    if (prefixLength <= longest) return [base, prefixLength];
  }
  throw new EchosounderError(
    "invalid-option",
    `"${text}" is not an address block: write 192.0.2.0/24, 2001:db8::/32 or a single address`,
  );
}

/**
 * Makes a test out of address blocks in CIDR notation (RFC 4632, RFC 4291).
 * A block without a prefix length means that one address. IPv4 peers of a
 * dual-stack socket (`::ffff:192.0.2.1`) are compared with the IPv4 blocks.
 *
 * @param blocks Address blocks; an empty list allows everyone.
 * @throws {EchosounderError} `invalid-option` for a text that is not a block.
 */
export function allowList(blocks: readonly string[]): AllowList {
  if (blocks.length === 0) return () => true;
  const parsed = blocks.map(parseBlock);
  return (hostname) => {
    const peer = ipaddr.process(hostname);
    return parsed.some(([base, length]) =>
      base.kind() === peer.kind() && peer.match(base, length)
    );
  };
}
