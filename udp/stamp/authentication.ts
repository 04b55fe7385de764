/**
 * Authenticated mode: HMAC-SHA-256, truncated to 128 bits, over the first 96 bytes
 * of a packet (RFC 8762, section 4.4; RFC 4868).
 *
 * By `node:crypto`, which needs no permission. Two of its one-shot hashes, which is
 * what an HMAC is (RFC 2104), cost 2 microseconds, with their digests as
 * hexadecimal text, which it makes fastest; its own HMAC, an object and a stream
 * each time, costs 4 to 10, and Web Crypto 9 to 11 and a turn of the event loop.
 * It is loaded when the first key is, since loading it takes as long as the
 * program's whole start.
 *
 * @module
 */
import { EchosounderError } from "../../net/errors.ts";

/** The bytes of a packet that its HMAC covers; the HMAC follows them. */
const COVERED = 96;

/** The bytes of an HMAC. */
export const HMAC_SIZE = 16;

/** The bytes of a block and of a digest of SHA-256. */
const BLOCK_SIZE = 64;
const DIGEST_SIZE = 32;

/** A key with which packets are signed and verified. */
export class Authentication {
  readonly #crypto: typeof import("node:crypto");
  /** The key, combined with a constant, and what is hashed after it. */
  #inner: Uint8Array;
  readonly #outer: Uint8Array;

  /**
   * @param key Shared by both sides; as long as the digest, 32 bytes, is best.
   * @throws {EchosounderError} `invalid-option` where it is empty.
   */
  constructor(key: Uint8Array) {
    if (key.length === 0) {
      throw new EchosounderError(
        "invalid-option",
        "the key for authentication is empty",
      );
    }
    this.#crypto = process.getBuiltinModule("node:crypto");
    const block = new Uint8Array(BLOCK_SIZE);
    if (key.length > BLOCK_SIZE) this.#hash(key, block, 0);
    else block.set(key);
    this.#inner = new Uint8Array(BLOCK_SIZE + COVERED);
    this.#inner.set(block.map((byte) => byte ^ 0x36));
    this.#outer = new Uint8Array(BLOCK_SIZE + DIGEST_SIZE);
    this.#outer.set(block.map((byte) => byte ^ 0x5c));
  }

  /** Writes a packet's HMAC into it; it has the 112 bytes of authenticated mode at least. */
  sign(packet: Uint8Array): void {
    packet.set(this.digest(packet.subarray(0, COVERED)), COVERED);
  }

  /** Whether a packet has its HMAC; one that is too short has none. */
  verify(packet: Uint8Array): boolean {
    return packet.length >= COVERED + HMAC_SIZE &&
      this.matches(
        packet.subarray(COVERED, COVERED + HMAC_SIZE),
        packet.subarray(0, COVERED),
      );
  }

  /** Whether an HMAC is that of some pieces of text. */
  matches(hmac: Uint8Array, ...text: Uint8Array[]): boolean {
    const right = this.digest(...text);
    // All bytes are compared: how long it takes says nothing about the key.
    let difference = hmac.length ^ right.length;
    for (let i = 0; i < right.length; i++) difference |= hmac[i] ^ right[i];
    return difference === 0;
  }

  /** The truncated HMAC of some pieces of text, one after the other. */
  digest(...text: Uint8Array[]): Uint8Array {
    const length = text.reduce((sum, piece) => sum + piece.length, BLOCK_SIZE);
    if (length > this.#inner.length) {
      const longer = new Uint8Array(length);
      longer.set(this.#inner.subarray(0, BLOCK_SIZE));
      this.#inner = longer;
    }
    let end = BLOCK_SIZE;
    for (const piece of text) {
      this.#inner.set(piece, end);
      end += piece.length;
    }
    this.#hash(this.#inner.subarray(0, end), this.#outer, BLOCK_SIZE);
    const digest = new Uint8Array(DIGEST_SIZE);
    this.#hash(this.#outer, digest, 0);
    return digest.subarray(0, HMAC_SIZE);
  }

  /** Writes the SHA-256 of a text. */
  #hash(text: Uint8Array, into: Uint8Array, offset: number): void {
    const hex = this.#crypto.hash("sha256", text, "hex");
    for (let i = 0; i < DIGEST_SIZE; i++) {
      const high = fromHex(hex.charCodeAt(2 * i));
      into[offset + i] = high << 4 | fromHex(hex.charCodeAt(2 * i + 1));
    }
  }
}

/** The value of a hexadecimal digit (`0` to `9`, `a` to `f`). */
function fromHex(code: number): number {
  return (code & 0x0f) + (code >> 6) * 9;
}
