/**
 * The address of a UDP client's peer, and a socket for it.
 *
 * @module
 */
import type { LocalAddress } from "../../net/address.ts";
import { close } from "../../net/close.ts";
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
  /**
   * The port to send from, from 1 to 65535; of several sockets that of the first, and
   * the others have those that follow. Without it, the system chooses.
   */
  sourcePort?: number;
  /** Milliseconds that resolving the name may take. @default {5000} */
  timeout?: number;
  /** Send from this address of the same family; by default from any. */
  bind?: LocalAddress;
  /** Aborts resolving. */
  signal?: AbortSignal;
}

/** The last port that there is. */
export const LAST_PORT = 65_535;

/** The valid values of these options. */
export const TARGET_KINDS: Kinds<TargetOptions> = {
  port: whole(1, LAST_PORT),
  family: oneOf(4, 6),
  sourcePort: whole(1, LAST_PORT),
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
 * Opens a socket of the target's address family, from the address and port that the
 * options name.
 *
 * @param index Its number among several sockets, whose ports follow each other.
 * @throws {EchosounderError} `cannot-bind` when the system gives none.
 */
export function openSocket(
  target: Deno.NetAddr,
  { bind, sourcePort }: Pick<TargetOptions, "bind" | "sourcePort">,
  index = 0,
): Deno.DatagramConn {
  const any = target.hostname.includes(":") ? "::" : "0.0.0.0";
  const { hostname = any } = bind ?? {};
  const first = sourcePort ?? bind?.port ?? 0;
  const port = first === 0 ? 0 : first + index;
  try {
    return Deno.listenDatagram({ transport: "udp", hostname, port });
  } catch (error) {
    throw cannotBind(hostname, port, error);
  }
}

/**
 * Opens several sockets.
 *
 * @throws {EchosounderError} `cannot-bind` when the system does not give all of them.
 */
export function openSockets(
  target: Deno.NetAddr,
  options: Pick<TargetOptions, "bind" | "sourcePort">,
  count: number,
): Deno.DatagramConn[] {
  const sockets: Deno.DatagramConn[] = [];
  try {
    while (sockets.length < count) {
      sockets.push(openSocket(target, options, sockets.length));
    }
    return sockets;
  } catch (error) {
    sockets.forEach(close);
    throw error;
  }
}
