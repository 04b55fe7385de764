/**
 * What the TCP server does with a client.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { concat } from "@std/bytes/concat";
import { CHARGEN_CYCLE } from "../../net/chargen.ts";
import { isReset } from "../../net/errors.ts";
import type { Service, TcpServerEvent } from "../../events/mod.ts";
import type { Connection } from "./connection.ts";
import { ReadAhead, type ReadAheadLimit } from "./read_ahead.ts";

/** How a server's services see the server. */
export interface ServiceContext {
  /** Aborts when the server stops and endless services are to end. */
  readonly stopping: AbortSignal;
  /** What all clients together may have read ahead of their echo. */
  readonly readAheadLimit: ReadAheadLimit;
  /** Takes `chunk-received` and `chunk-sent` events; absent unless detail was asked for. */
  readonly observe?: (event: TcpServerEvent) => void;
}

/** Serves one client to the end of what it sends. */
export type TcpService = (
  connection: Connection,
  context: ServiceContext,
) => Promise<void>;

/** The services by name. */
export const TCP_SERVICES: Record<Service, TcpService> = {
  echo,
  discard,
  chargen,
};

/**
 * A client holds a buffer as long as it is connected, and most are idle most of
 * the time: so each begins with next to nothing.
 */
const SMALLEST_BUFFER = 256;
const LARGEST_BUFFER = 262_144;

/** How much larger the next buffer is, and how little of one is too little. */
const STEP = 16;

/**
 * How many bytes a client's echo moves before the others have a turn. While a
 * client pours, there is always something to read at once, and its reading and
 * writing would go on without the event loop: the small ones beside it would
 * wait for as long as the kernel has more of it.
 */
const TURN = LARGEST_BUFFER;

/**
 * The buffer for the next read: larger while a client fills what it has, and
 * small again after a read that would have fitted into a much smaller one, as
 * the last of a burst does.
 */
function fitting(
  buffer: Uint8Array<ArrayBuffer>,
  filled: number,
): Uint8Array<ArrayBuffer> {
  if (filled === buffer.length && filled < LARGEST_BUFFER) {
    return new Uint8Array(Math.min(buffer.length * STEP, LARGEST_BUFFER));
  }
  if (filled * STEP < buffer.length && buffer.length > SMALLEST_BUFFER) {
    return new Uint8Array(SMALLEST_BUFFER);
  }
  return buffer;
}

/** Writes a whole piece: the socket may take fewer bytes than it is given. */
async function write(connection: Connection, piece: Uint8Array): Promise<void> {
  let rest = piece;
  do {
    const length = await connection.conn.write(rest);
    connection.sent += length;
    rest = rest.subarray(length);
  } while (rest.length > 0);
}

/** Sends everything back (RFC 862). */
async function echo(
  connection: Connection,
  context: ServiceContext,
): Promise<void> {
  const readAhead = new ReadAhead(connection, context.readAheadLimit);
  connection.onStalled = () => readAhead.start();
  try {
    while (
      await echoDirectly(connection, readAhead, context) &&
      await echoReadAhead(connection, readAhead, context)
    );
    await connection.conn.closeWrite();
  } finally {
    readAhead.drop();
  }
}

/**
 * Reads and writes in turn: `false` at the end of what the client sends, `true`
 * when it has been read ahead of a client that did not take its echo.
 *
 * Hot: this runs once for each message of each client. One read and, nearly
 * always, one write; a read starts when the write before it is done, which is
 * the back-pressure. Callbacks in place of `await` save a promise and two turns
 * of the microtask queue for each of the two, a tenth of the whole; so does
 * looking at the same part of the buffer again.
 */
function echoDirectly(
  connection: Connection,
  readAhead: ReadAhead,
  { observe }: ServiceContext,
): Promise<boolean> {
  const { conn, id } = connection;
  let buffer = new Uint8Array(SMALLEST_BUFFER);
  let piece = buffer;
  let written = 0;
  let turn = 0;
  return new Promise((resolve, reject) => {
    const read = () => {
      conn.read(buffer).then(onRead, reject);
    };
    const onRead = (length: number | null) => {
      if (length === null) return resolve(false);
      connection.received += length;
      if (piece.length !== length || piece.buffer !== buffer.buffer) {
        piece = buffer.subarray(0, length);
      }
      observe?.({ event: "chunk-received", connection: id, bytes: length });
      readAhead.isBehind = true;
      written = 0;
      conn.write(piece).then(onWritten, reject);
    };
    const onWritten = (length: number) => {
      connection.sent += length;
      written += length;
      if (written < piece.length) {
        conn.write(piece.subarray(written)).then(onWritten, reject);
        return;
      }
      readAhead.isBehind = false;
      observe?.({ event: "chunk-sent", connection: id, bytes: piece.length });
      if (readAhead.isActive) return resolve(true);
      buffer = fitting(buffer, piece.length);
      turn += piece.length;
      if (turn < TURN) return read();
      turn = 0;
      setImmediate(read);
    };
    read();
  });
}

/**
 * Sends back what was read ahead: `true` once the client has caught up, `false`
 * at the end of what it sent.
 */
async function echoReadAhead(
  connection: Connection,
  readAhead: ReadAhead,
  { observe }: ServiceContext,
): Promise<boolean> {
  const { id } = connection;
  for (;;) {
    const piece = await readAhead.next();
    if (piece === null) return false;
    if (piece === undefined) break;
    observe?.({ event: "chunk-received", connection: id, bytes: piece.length });
    readAhead.isBehind = true;
    await write(connection, piece);
    readAhead.isBehind = false;
    observe?.({ event: "chunk-sent", connection: id, bytes: piece.length });
  }
  return true;
}

/** Takes everything and answers nothing (RFC 863). */
async function discard(
  connection: Connection,
  context: ServiceContext,
): Promise<void> {
  await take(connection, context);
  await connection.conn.closeWrite();
}

/** Reads and forgets, to the end of what the client sends. */
async function take(
  connection: Connection,
  { observe }: ServiceContext,
): Promise<void> {
  let buffer = new Uint8Array(SMALLEST_BUFFER);
  for (;;) {
    const length = await connection.conn.read(buffer);
    if (length === null) return;
    connection.received += length;
    observe?.({
      event: "chunk-received",
      connection: connection.id,
      bytes: length,
    });
    buffer = fitting(buffer, length);
  }
}

/** Many lines to a write: the text is the same, the work a fraction. */
const CHARGEN_PIECE = concat(Array(16).fill(CHARGEN_CYCLE));

/**
 * Sends characters until the client closes, and takes no notice of what the
 * client sends (RFC 864).
 */
async function chargen(
  connection: Connection,
  context: ServiceContext,
): Promise<void> {
  // It ends when the socket is closed; what ended it shows in the writing.
  take(connection, context).catch(() => {});
  try {
    while (!context.stopping.aborted) {
      await write(connection, CHARGEN_PIECE);
      context.observe?.({
        event: "chunk-sent",
        connection: connection.id,
        bytes: CHARGEN_PIECE.length,
      });
    }
    await connection.conn.closeWrite();
  } catch (error) {
    // The client's closing is the end that this service is meant to have.
    if (!isReset(error)) throw error;
  }
}
