/**
 * The address of a UDP client's peer, and a socket for it.
 *
 * @module
 */
import type { LocalAddress } from "../../net/address.ts";
import { cannotBind, EchosounderError } from "../../net/errors.ts";
import { type Kinds, oneOf, time, whole } from "../../net/options.ts";
import { type AddressFamily, resolveHost } from "../../net/resolve.ts";
import { LARGEST_DATAGRAM } from "../datagram.ts";
import { DEFAULT_PORT } from "../defaults.ts";

/** Options of {@linkcode findTarget}. */
export interface TargetOptions {
  /** The peer: a name, an IPv4 address, or an IPv6 address without brackets. */
  hostname: string;
  /** The peer's port, from 1 to 65535. @default {7000} */
  port?: number;
  /** Take addresses of this family only. */
  family?: AddressFamily;
  /** Milliseconds that resolving the name may take. @default {5000} */
  timeout?: number;
  /** Send from this address of the same family; by default from any. */
  bind?: LocalAddress;
  /** Aborts resolving. */
  signal?: AbortSignal;
}

/** The valid values of these options. */
export const TARGET_KINDS: Kinds<TargetOptions> = {
  port: whole(1, 65_535),
  family: oneOf(4, 6),
  timeout: time,
};

/**
 * Resolves the peer's name, and checks that a datagram to it can carry the payload.
 *
 * @throws {EchosounderError} `cannot-resolve`, `stopped`, or `invalid-option`
 * for more bytes than a datagram can carry.
 */
export async function findTarget(
  options: TargetOptions,
  size: number,
): Promise<Deno.NetAddr> {
  const { hostname, port = DEFAULT_PORT, family, timeout, signal } = options;
  const addresses = await resolveHost(hostname, { family, timeout, signal });
  // Without a connection, nothing shows which address answers, and servers bind
  // IPv4 by default.
  const target = addresses.find((each) => each.family === 4) ?? addresses[0];
  const largest = LARGEST_DATAGRAM[target.family];
  if (size > largest) {
    throw new EchosounderError(
      "invalid-option",
      `${size} bytes do not fit into a datagram: over IPv${target.family}, ${largest} do`,
    );
  }
  return { transport: "udp", hostname: target.address, port };
}

/**
 * Opens a socket of the target's address family.
 *
 * @throws {EchosounderError} `cannot-bind` when the system gives none.
 */
export function openSocket(
  target: Deno.NetAddr,
  bind?: LocalAddress,
): Deno.DatagramConn {
  const any = target.hostname.includes(":") ? "::" : "0.0.0.0";
  const { hostname, port = 0 } = bind ?? { hostname: any };
  try {
    return Deno.listenDatagram({ transport: "udp", hostname, port });
  } catch (error) {
    throw cannotBind(hostname, port, error);
  }
}
