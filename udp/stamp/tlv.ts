/**
 * What may follow a packet's fields: type, length and value (RFC 8972, section 4).
 *
 *     flags (1 byte): U M I 0 0 0 0 0 | type (1) | length of the value (2) | value
 *
 * A sender sets U; a reflector clears it where it knows the type, sets M where a
 * TLV does not fit, and I where the HMAC of all is wrong. Known are Extra Padding
 * (section 4.1) and, with a key, HMAC (section 4.8).
 *
 * @module
 */
import { type Authentication, HMAC_SIZE } from "./authentication.ts";

/** The reflector does not know the type. */
const UNRECOGNIZED = 0x80;

/** The length does not fit the type, or the packet. */
const MALFORMED = 0x40;

/** The HMAC of the TLVs is wrong, or missing. */
const INTEGRITY_FAILED = 0x20;

/** The types that are known. */
const TLV_TYPES = { extraPadding: 1, hmac: 8 } as const;

/** The bytes before a value. */
export const TLV_HEADER_SIZE = 4;

/** The bytes of the sequence number, which the HMAC covers, too. */
const SEQUENCE_SIZE = 4;

/** A TLV. */
export interface Tlv {
  /** Where it begins. */
  start: number;
  /** Where the next one begins. */
  end: number;
  /** Its flags. */
  flags: number;
  /** Its type. */
  type: number;
  /** Its value; cut where the packet ends. */
  value: Uint8Array;
  /** Whether all of it is there. */
  isWhole: boolean;
}

/** The TLVs of a packet from an offset on; one that is not whole is the last. */
export function* tlvsOf(packet: Uint8Array, offset = 0): Generator<Tlv> {
  for (let start = offset; start < packet.length;) {
    const body = start + TLV_HEADER_SIZE;
    const length = (packet[start + 2] ?? 0) << 8 | (packet[start + 3] ?? 0);
    const isWhole = body + length <= packet.length;
    const end = isWhole ? body + length : packet.length;
    yield {
      start,
      end,
      flags: packet[start],
      type: packet[start + 1] ?? 0,
      value: packet.subarray(Math.min(body, end), end),
      isWhole,
    };
    start = end;
  }
}

/**
 * Extra Padding of so many bytes in all, as a sender sends it: zeros.
 *
 * @throws {RangeError} Where its header does not fit, or the length its field.
 */
export function extraPadding(size: number): Uint8Array {
  const length = size - TLV_HEADER_SIZE;
  if (length < 0 || length > 0xffff) {
    throw new RangeError(`Extra Padding cannot have ${size} bytes`);
  }
  const bytes = new Uint8Array(size);
  bytes.set([UNRECOGNIZED, TLV_TYPES.extraPadding, length >> 8, length & 0xff]);
  return bytes;
}

/** An HMAC TLV for a packet whose TLVs begin at an offset, and end where it goes. */
export function hmacTlv(
  packet: Uint8Array,
  offset: number,
  authentication: Authentication,
): Uint8Array {
  const bytes = new Uint8Array(TLV_HEADER_SIZE + HMAC_SIZE);
  bytes.set([UNRECOGNIZED, TLV_TYPES.hmac, 0, HMAC_SIZE]);
  bytes.set(
    authentication.digest(
      packet.subarray(0, SEQUENCE_SIZE),
      packet.subarray(offset),
    ),
    TLV_HEADER_SIZE,
  );
  return bytes;
}

/**
 * Makes a sender's TLVs a reflector's, where they are: their length stays.
 *
 * Zeros, and what follows a malformed TLV, are left as they are: the first are
 * the padding of a TWAMP Light peer, not TLVs of the reserved type 0.
 *
 * @param packet The reflection, with the sender's TLVs, and its own sequence number.
 * @param offset Where they begin.
 * @param senderSequence The sender's sequence number as it came, which its HMAC covers.
 * @param authentication The key, in authenticated mode.
 */
export function reflectTlvs(
  packet: Uint8Array,
  offset: number,
  senderSequence: Uint8Array,
  authentication?: Authentication,
): void {
  const isPadding = packet[offset + 1] === 0 && packet[offset] === 0;
  if (offset >= packet.length || isPadding) return;
  const isIntact = authentication === undefined ||
    hasIntegrity(packet, offset, senderSequence, authentication);
  for (const tlv of tlvsOf(packet, offset)) {
    const isHmac = authentication !== undefined && tlv.type === TLV_TYPES.hmac;
    const isKnown = isHmac || tlv.type === TLV_TYPES.extraPadding;
    const isMalformed = !tlv.isWhole ||
      isHmac && tlv.value.length !== HMAC_SIZE;
    packet[tlv.start] = (isKnown ? 0 : UNRECOGNIZED) |
      (isMalformed ? MALFORMED : 0) |
      (isIntact ? 0 : INTEGRITY_FAILED);
    if (isMalformed) return;
    if (isHmac && isIntact) {
      tlv.value.set(
        authentication.digest(
          packet.subarray(0, SEQUENCE_SIZE),
          packet.subarray(offset, tlv.start),
        ),
      );
    }
  }
}

/**
 * Whether the HMAC of TLVs is right, and where it belongs: after all but Extra
 * Padding. Extra Padding alone needs none (RFC 8972, section 4.8).
 */
export function hasIntegrity(
  packet: Uint8Array,
  offset: number,
  sequence: Uint8Array,
  authentication: Authentication,
): boolean {
  let isSigned = false;
  let needsSignature = false;
  for (const { start, type, value } of tlvsOf(packet, offset)) {
    if (type === TLV_TYPES.hmac) {
      const text = packet.subarray(offset, start);
      if (isSigned || !authentication.matches(value, sequence, text)) {
        return false;
      }
      isSigned = true;
    } else if (type !== TLV_TYPES.extraPadding) {
      if (isSigned) return false;
      needsSignature = true;
    }
  }
  return isSigned || !needsSignature;
}
