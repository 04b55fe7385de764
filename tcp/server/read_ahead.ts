/**
 * Reading on while a client does not take its echo.
 *
 * A client may send everything, shut down its sending side and only then start
 * to read. The kernels' buffers hold a few megabytes of that; with nothing more,
 * client and server would wait for each other for ever. So the server reads
 * ahead, within a limit that all its clients share: past it, a client is read
 * only as fast as it takes its echo.
 *
 * @module
 */
import type { Connection } from "./connection.ts";

const PIECE_SIZE = 65_536;

/** How many bytes all clients of a server together may have read ahead. */
export class ReadAheadLimit {
  /** Bytes that may still be taken. */
  left: number;

  /** @param bytes The limit. */
  constructor(bytes: number) {
    this.left = bytes;
  }
}

/** What was read from one client ahead of its echo, in order. */
export class ReadAhead {
  /** An echo is being written: the client has not taken all of it yet. */
  isBehind = false;
  /** The client is read ahead, or what was read is not handed out yet. */
  isActive = false;
  readonly #connection: Connection;
  readonly #limit: ReadAheadLimit;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #reading: Promise<void> | undefined;
  #ended = false;
  #error: unknown;

  constructor(connection: Connection, limit: ReadAheadLimit) {
    this.#connection = connection;
    this.#limit = limit;
  }

  /** Reads on until the client has sent all, the limit is reached, or it takes its echo again. */
  start(): void {
    if (!this.isBehind) return;
    this.isActive = true;
    if (this.#ended || this.#limit.left < PIECE_SIZE) return;
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
  }

  async #read(): Promise<void> {
    do {
      this.#limit.left -= PIECE_SIZE;
      const piece = await this.#readPiece();
      this.#limit.left += PIECE_SIZE;
      if (piece === undefined) return;
      this.#limit.left -= piece.buffer.byteLength;
      this.#pieces.push(piece);
    } while (this.isBehind && this.#limit.left >= PIECE_SIZE);
  }

  async #readPiece(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const buffer = new Uint8Array(PIECE_SIZE);
    try {
      const length = await this.#connection.conn.read(buffer);
      if (length === null) {
        this.#ended = true;
        return undefined;
      }
      this.#connection.received += length;
      // A small piece must not hold a large buffer.
      return length < PIECE_SIZE / 2
        ? buffer.slice(0, length)
        : buffer.subarray(0, length);
    } catch (error) {
      this.#ended = true;
      this.#error = error;
      return undefined;
    }
  }

  /**
   * The next piece; `null` at the end of what the client sent, and `undefined`
   * when everything read ahead has been handed out and the client is to be read
   * directly again.
   */
  async next(): Promise<Uint8Array<ArrayBuffer> | null | undefined> {
    if (this.#pieces.length === 0) await this.#reading;
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#limit.left += piece.buffer.byteLength;
      return piece;
    }
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) return null;
    this.isActive = false;
    return undefined;
  }

  /** Gives back its share of the limit, when the client is gone. */
  drop(): void {
    for (const piece of this.#pieces.splice(0)) {
      this.#limit.left += piece.buffer.byteLength;
    }
  }
}
