/**
 * Comparing an echo with what was sent.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Difference } from "../events/mod.ts";

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

/** `byte 5 came back as 0x62 in place of 0x61`, and so on. */
export function describeDifference(difference: Difference): string {
  const { offset, sent, received } = difference;
  const hex = (byte: number) => `0x${byte.toString(16).padStart(2, "0")}`;
  if (sent === undefined) {
    return `from byte ${offset} on, more came back than was sent`;
  }
  if (received === undefined) {
    return `byte ${offset} and what follows is missing`;
  }
  return `byte ${offset} came back as ${hex(received)} in place of ${
    hex(sent)
  }`;
}

/**
 * Holds a stream's echo against what was sent, piece by piece. It keeps what is
 * on its way and nothing else.
 */
export class EchoCheck {
  /** Bytes sent so far. */
  sent = 0;
  /** Bytes of the echo found right so far. */
  received = 0;
  /** The first difference; once there is one, nothing more is compared. */
  difference: Difference | undefined;
  readonly #onTheWay: Uint8Array[] = [];
  #offset = 0;

  /** Bytes on their way: sent, and not yet back. */
  get outstanding(): number {
    return this.sent - this.received;
  }

  /** Takes note of a piece that is about to be sent, and keeps it. */
  expect(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#onTheWay.push(piece);
    this.sent += piece.length;
  }

  /**
   * Compares what came back.
   *
   * @returns Whether it is right.
   */
  accept(echo: Uint8Array): boolean {
    let rest = echo;
    while (rest.length > 0) {
      const piece = this.#onTheWay[0];
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
        this.#onTheWay.shift();
        this.#offset = 0;
      }
    }
    return true;
  }
}
