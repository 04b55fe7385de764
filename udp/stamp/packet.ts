/**
 * The packets of STAMP, byte for byte (RFC 8762, sections 4.2 and 4.3), with the
 * session identifier of RFC 8972, section 3. All fields are big-endian; those that
 * must be zero are not named.
 *
 *                              unauthenticated   authenticated
 *     sequence number                        0               0
 *     timestamp                              4              16
 *     error estimate                        12              24
 *     session identifier (SSID)             14              26
 *     and in a reflection:
 *     receive timestamp                     16              32
 *     sender's sequence number              24              48
 *     sender's timestamp                    28              64
 *     sender's error estimate               36              72
 *     sender's TTL                          40              80
 *     HMAC                                   -              96
 *     length                                44             112
 *
 * What follows are extensions (TLVs, `tlv.ts`), or the padding of a TWAMP Light
 * peer (RFC 8762, section 4.6; RFC 5357, section 4), whose packets may also be
 * shorter: from 14 bytes what it sends, from 38 what it answers. Which mode a
 * packet has cannot be seen in it: both sides are told.
 *
 * @module
 */
import {
  decodeErrorEstimate,
  encodeErrorEstimate,
  type ErrorEstimate,
} from "./error_estimate.ts";
import { readTimestamp, type Timestamp, writeTimestamp } from "./timestamp.ts";

/** Whether packets carry an HMAC. */
export type Mode = "unauthenticated" | "authenticated";

/** Where the fields of a packet are; the same in both modes but for the places. */
export interface Layout {
  /** The timestamp of who sent the packet. */
  timestamp: number;
  /** The error estimate of its timestamps. */
  errorEstimate: number;
  /** The session identifier; the rest of a sender's packet is zero. */
  ssid: number;
  /** When a reflector received what it answers. */
  receiveTimestamp: number;
  /** The three fields that a reflector repeats. */
  senderSequence: number;
  senderTimestamp: number;
  senderErrorEstimate: number;
  /** The TTL with which it came. */
  senderTtl: number;
  /** The length of a packet without extensions. */
  size: number;
  /** The least that a sender's packet has. */
  leastSent: number;
  /** The least that a reflection has. */
  leastReflected: number;
}

/** The layouts of both modes. */
export const LAYOUTS: Record<Mode, Layout> = {
  unauthenticated: {
    timestamp: 4,
    errorEstimate: 12,
    ssid: 14,
    receiveTimestamp: 16,
    senderSequence: 24,
    senderTimestamp: 28,
    senderErrorEstimate: 36,
    senderTtl: 40,
    size: 44,
    leastSent: 14,
    leastReflected: 38,
  },
  authenticated: {
    timestamp: 16,
    errorEstimate: 24,
    ssid: 26,
    receiveTimestamp: 32,
    senderSequence: 48,
    senderTimestamp: 64,
    senderErrorEstimate: 72,
    senderTtl: 80,
    size: 112,
    leastSent: 112,
    leastReflected: 112,
  },
};

/** The TTL of a packet whose TTL the system does not tell (RFC 5357, section 4.2.1). */
export const UNKNOWN_TTL = 255;

/** What a Session-Sender sends. */
export interface SenderPacket {
  /** Its number, from 0, of 32 bits. */
  sequence: number;
  /** When it was sent. */
  timestamp: Timestamp;
  /** How good the timestamp is, and its format. */
  errorEstimate: ErrorEstimate;
  /** The session identifier; 0 where there is none, as with TWAMP Light. */
  ssid: number;
  /** What follows the fields: TLVs, or padding. @default {none} */
  extensions?: Uint8Array;
}

/** What a Session-Reflector answers. */
export interface ReflectorPacket extends SenderPacket {
  /** When the sender's packet arrived, in the format of `errorEstimate`. */
  receiveTimestamp: Timestamp;
  /** The sender's number. */
  senderSequence: number;
  /** When the sender sent it, in the format of `senderErrorEstimate`. */
  senderTimestamp: Timestamp;
  /** The sender's error estimate. */
  senderErrorEstimate: ErrorEstimate;
  /** The TTL with which it arrived; absent in the 38 bytes of some TWAMP Light reflectors. */
  senderTtl?: number;
}

/**
 * Writes a sender's packet.
 *
 * @param into Takes it; its first bytes are overwritten. Default: new bytes.
 * @param mode In authenticated mode, the HMAC is left zero: see `authentication.ts`.
 * @returns The packet: `into`, or the part of it that was needed.
 * @throws {RangeError} Where `into` is too small.
 */
export function encodeSenderPacket(
  packet: SenderPacket,
  into?: Uint8Array,
  mode: Mode = "unauthenticated",
): Uint8Array {
  return encode(packet, into, LAYOUTS[mode]).bytes;
}

/** Writes a reflection; the same as {@linkcode encodeSenderPacket} otherwise. */
export function encodeReflectorPacket(
  packet: ReflectorPacket,
  into?: Uint8Array,
  mode: Mode = "unauthenticated",
): Uint8Array {
  const layout = LAYOUTS[mode];
  const { bytes, view } = encode(packet, into, layout);
  writeTimestamp(
    view,
    layout.receiveTimestamp,
    packet.receiveTimestamp,
    packet.errorEstimate.format,
  );
  view.setUint32(layout.senderSequence, packet.senderSequence);
  writeTimestamp(
    view,
    layout.senderTimestamp,
    packet.senderTimestamp,
    packet.senderErrorEstimate.format,
  );
  view.setUint16(
    layout.senderErrorEstimate,
    encodeErrorEstimate(packet.senderErrorEstimate),
  );
  view.setUint8(layout.senderTtl, packet.senderTtl ?? UNKNOWN_TTL);
  return bytes;
}

/** Writes what both packets share, and zero where nothing is. */
function encode(
  packet: SenderPacket,
  into: Uint8Array | undefined,
  layout: Layout,
): { bytes: Uint8Array; view: DataView } {
  const { errorEstimate, extensions } = packet;
  const length = layout.size + (extensions?.length ?? 0);
  const bytes = (into ?? new Uint8Array(length)).subarray(0, length);
  if (bytes.length < length) {
    throw new RangeError(`the packet has ${length} bytes, not ${bytes.length}`);
  }
  const view = viewOf(bytes);
  bytes.fill(0, 0, layout.size);
  view.setUint32(0, packet.sequence);
  writeTimestamp(
    view,
    layout.timestamp,
    packet.timestamp,
    errorEstimate.format,
  );
  view.setUint16(layout.errorEstimate, encodeErrorEstimate(errorEstimate));
  view.setUint16(layout.ssid, packet.ssid);
  if (extensions !== undefined) bytes.set(extensions, layout.size);
  return { bytes, view };
}

/**
 * Reads a sender's packet, also a TWAMP Light peer's short one.
 *
 * @returns `undefined` where it is too short for its mode. The HMAC is not looked at.
 */
export function decodeSenderPacket(
  bytes: Uint8Array,
  mode: Mode = "unauthenticated",
): SenderPacket | undefined {
  const layout = LAYOUTS[mode];
  if (bytes.length < layout.leastSent) return undefined;
  return decode(bytes, viewOf(bytes), layout);
}

/**
 * Reads a reflection, also a TWAMP Light peer's of 38 or 41 bytes.
 *
 * @returns `undefined` where it is too short for its mode. The HMAC is not looked at.
 */
export function decodeReflectorPacket(
  bytes: Uint8Array,
  mode: Mode = "unauthenticated",
): ReflectorPacket | undefined {
  const layout = LAYOUTS[mode];
  if (bytes.length < layout.leastReflected) return undefined;
  const view = viewOf(bytes);
  const packet = decode(bytes, view, layout);
  const senderErrorEstimate = decodeErrorEstimate(
    view.getUint16(layout.senderErrorEstimate),
  );
  return {
    ...packet,
    // A TWAMP Light reflector's packet may be shorter, but has this field.
    ssid: view.getUint16(layout.ssid),
    receiveTimestamp: readTimestamp(
      view,
      layout.receiveTimestamp,
      packet.errorEstimate.format,
    ),
    senderSequence: view.getUint32(layout.senderSequence),
    senderTimestamp: readTimestamp(
      view,
      layout.senderTimestamp,
      senderErrorEstimate.format,
    ),
    senderErrorEstimate,
    senderTtl: bytes.length > layout.senderTtl
      ? bytes[layout.senderTtl]
      : undefined,
  };
}

function decode(
  bytes: Uint8Array,
  view: DataView,
  layout: Layout,
): SenderPacket {
  const errorEstimate = decodeErrorEstimate(
    view.getUint16(layout.errorEstimate),
  );
  return {
    sequence: view.getUint32(0),
    timestamp: readTimestamp(view, layout.timestamp, errorEstimate.format),
    errorEstimate,
    // What a shorter packet has here is padding.
    ssid: bytes.length < layout.size ? 0 : view.getUint16(layout.ssid),
    extensions: bytes.length > layout.size
      ? bytes.subarray(layout.size)
      : undefined,
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
