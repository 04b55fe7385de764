/**
 * What clients send where the command line does not say.
 *
 * @module
 */
import type { Transport } from "../events/mod.ts";

/** The message of a one-shot client, that of the Winsock example programs. */
export const ONE_SHOT_MESSAGE = "this is a test";

/** The size of a measuring client's messages, in bytes. */
export const MEASURED_SIZE = 64;

/** The same for a stream one way: large, so that few sends fill the path. */
export const ONE_WAY_SIZE: number = 256 * 1024;

/**
 * The size of messages paced by a bandwidth: of a datagram that fits into a packet
 * of 1500 bytes, tunnels included; of a piece of a stream that takes few sends.
 */
export const PACED_SIZES: Record<Transport, number> = {
  TCP: 16 * 1024,
  UDP: 1400,
};
