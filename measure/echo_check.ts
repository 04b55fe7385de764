/**
 * Comparing an echo with what was sent.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Difference } from "../events/mod.ts";
import { plural } from "../text/format.ts";

/**
 * The first difference between a whole message and its echo.
 *
 * @returns `undefined` where the two are the same.
 */
export function firstDifference(
  sent: Uint8Array,
  received: Uint8Array,
): Difference | undefined {
  if (Buffer.compare(sent, received) === 0) return undefined;
  let offset = 0;
  while (offset < sent.length && sent[offset] === received[offset]) offset++;
  return { offset, sent: sent[offset], received: received[offset] };
}

/** Bytes sent, and bytes received. */
interface Sizes {
  sent: number;
  received: number;
}

/**
 * `byte 5 came back as 0x62 in place of 0x61`, and so on.
 *
 * @param sizes Those of the whole message and its echo, where both are known.
 */
export function describeDifference(
  difference: Difference,
  sizes?: Sizes,
): string {
  const { offset, sent, received } = difference;
  const hex = (byte: number) => `0x${byte.toString(16).padStart(2, "0")}`;
  const place = sent === undefined || received === undefined
    ? undefined
    : `byte ${offset} came back as ${hex(received)} in place of ${hex(sent)}`;
  if (sizes !== undefined && sizes.sent !== sizes.received) {
    const both = `${plural(sizes.sent, "byte")} ${
      sizes.sent === 1 ? "was" : "were"
    } sent and ${sizes.received} came back`;
    return place === undefined ? both : `${both}; ${place}`;
  }
  if (place !== undefined) return place;
  return sent === undefined
    ? `more came back than the ${plural(offset, "byte")} sent`
    : `byte ${offset} and what follows did not come back`;
}

/**
 * Compares a stream's echo with what was sent, piece by piece. It keeps only what
 * is in flight.
 */
export class EchoCheck {
  /** Bytes sent so far. */
  sent = 0;
  /** Bytes of the echo that matched so far. */
  received = 0;
  /** The first difference; once there is one, nothing more is compared. */
  difference: Difference | undefined;
  readonly #inFlight: Uint8Array[] = [];
  #offset = 0;

  /** Bytes in flight: sent, and not yet back. */
  get outstanding(): number {
    return this.sent - this.received;
  }

  /** Records a piece that is about to be sent, and keeps it. */
  expect(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#inFlight.push(piece);
    this.sent += piece.length;
  }

  /**
   * Compares received bytes.
   *
   * @returns Whether they match.
   */
  accept(echo: Uint8Array): boolean {
    let rest = echo;
    while (rest.length > 0) {
      const piece = this.#inFlight[0];
      if (piece === undefined) {
        this.difference = { offset: this.received, received: rest[0] };
        return false;
      }
      const length = Math.min(piece.length - this.#offset, rest.length);
      const difference = firstDifference(
        piece.subarray(this.#offset, this.#offset + length),
        rest.subarray(0, length),
      );
      if (difference !== undefined) {
        this.difference = {
          ...difference,
          offset: this.received + difference.offset,
        };
        this.received += difference.offset;
        return false;
      }
      this.received += length;
      this.#offset += length;
      rest = rest.subarray(length);
      if (this.#offset === piece.length) {
        this.#inFlight.shift();
        this.#offset = 0;
      }
    }
    return true;
  }
}
