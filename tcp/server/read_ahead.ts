/**
 * Reading ahead of a client that does not read its echo.
 *
 * A client may send everything, shut down its sending side and only then start
 * to read. The kernels' buffers hold a few megabytes of that; beyond them, client
 * and server would deadlock. So the server reads ahead, within a limit that all
 * its clients share: past it, a client is read only as fast as it reads its echo.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import type { ServerLimits } from "./limits.ts";

const PIECE_SIZE = 65_536;

/** The data of one client that was read ahead of its echo, in order. */
export class ReadAhead {
  /** An echo is being written, and the client has not received all of it. */
  isBehind = false;
  /** Data is being read ahead, or is not handed out yet. */
  isActive = false;
  readonly #connection: Connection;
  readonly #limits: ServerLimits;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #reading: Promise<void> | undefined;
  #ended = false;
  #error: unknown;

  constructor(connection: Connection, limits: ServerLimits) {
    this.#connection = connection;
    this.#limits = limits;
  }

  /** Reads until the client has sent everything, reads its echo again, or the limit is reached. */
  start(): void {
    if (!this.isBehind) return;
    this.isActive = true;
    if (this.#ended || this.#limits.readAheadLeft < PIECE_SIZE) return;
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
  }

  async #read(): Promise<void> {
    do {
      this.#limits.takeReadAhead(PIECE_SIZE);
      const piece = await this.#readPiece();
      this.#limits.giveReadAhead(PIECE_SIZE);
      if (piece === undefined) return;
      this.#limits.takeReadAhead(piece.buffer.byteLength);
      this.#pieces.push(piece);
    } while (this.isBehind && this.#limits.readAheadLeft >= PIECE_SIZE);
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
   * The next piece; `null` at the end of the client's data, and `undefined` when
   * everything read ahead is handed out and the client is to be read directly.
   */
  async next(): Promise<Uint8Array<ArrayBuffer> | null | undefined> {
    if (this.#pieces.length === 0) await this.#reading;
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#limits.giveReadAhead(piece.buffer.byteLength);
      return piece;
    }
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) return null;
    this.isActive = false;
    return undefined;
  }

  /** Releases its share of the limit, when the client is gone. */
  drop(): void {
    for (const piece of this.#pieces.splice(0)) {
      this.#limits.giveReadAhead(piece.buffer.byteLength);
    }
  }
}
