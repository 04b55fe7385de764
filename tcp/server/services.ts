/**
 * The services of the TCP server.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { concat } from "@std/bytes/concat";
import { CHARGEN_CYCLE } from "../../net/chargen.ts";
import { isReset } from "../../net/errors.ts";
import type { Service, TcpServerEvent } from "../../events/mod.ts";
import type { Connection } from "./connection.ts";
import type { ServerLimits } from "./limits.ts";
import { ReadAhead } from "./read_ahead.ts";

/** What a service gets from its server. */
export interface ServiceContext {
  /** Aborts when the server stops, to end services that have no end of their own. */
  readonly stopping: AbortSignal;
  /** What all clients share. */
  readonly limits: ServerLimits;
  /** Called for `chunk-received` and `chunk-sent` events; absent unless `detail` is set. */
  readonly observe?: (event: TcpServerEvent) => void;
}

/** Serves one client until it has sent everything. */
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
 * A client has a buffer for as long as it is connected, and most are idle most of
 * the time: so each begins with a small one.
 */
const SMALLEST_BUFFER = 256;
const LARGEST_BUFFER = 262_144;

/** The factor between buffer sizes; a read that fills less than this part shrinks the buffer. */
const STEP = 16;

/**
 * Bytes echoed to a client before the others have a turn. A bulk client always has
 * data to read at once, and its reads and writes would go on without the event
 * loop: small clients beside it would starve for as long as the kernel has more.
 */
const TURN = LARGEST_BUFFER;

/**
 * The buffer for the next read: larger after a read that filled it, and small
 * again after one that would have fitted into a much smaller buffer, as at the end
 * of a burst.
 */
function nextBuffer(
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

/** Writes a whole piece: a single write may send fewer bytes. */
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
  const readAhead = new ReadAhead(connection, context.limits);
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
 * Reads and writes in turn: `false` at the end of the client's data, `true` when
 * data was read ahead because the client did not read its echo.
 *
 * Hot: this runs once for each message of each client. One read and, nearly
 * always, one write; a read starts when the write before it is done, which is
 * the back-pressure. Callbacks instead of `await` save a promise and two turns of
 * the microtask queue for each of the two, a tenth of the total; so does reusing
 * the last view of the buffer.
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
  let reads = 0;
  return new Promise((resolve, reject) => {
    const read = () => {
      conn.read(buffer).then(onRead, reject);
    };
    const onRead = (length: number | null) => {
      if (length === null) return resolve(false);
      connection.received += length;
      // From the second write on, an echo must not wait until the one before is
      // acknowledged. Clients that send once and close are spared the call.
      if (++reads === 2) {
        try {
          conn.setNoDelay(true);
        } catch (error) {
          return reject(error);
        }
      }
      if (piece.length !== length) piece = buffer.subarray(0, length);
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
      turn += written;
      const next = nextBuffer(buffer, written);
      if (next !== buffer) piece = buffer = next;
      if (turn < TURN) return read();
      turn = 0;
      setImmediate(read);
    };
    read();
  });
}

/**
 * Sends back what was read ahead: `true` once the client has caught up, `false`
 * at the end of its data.
 */
async function echoReadAhead(
  connection: Connection,
  readAhead: ReadAhead,
  { observe }: ServiceContext,
): Promise<boolean> {
  const { id } = connection;
  // The write before may have been the first.
  connection.conn.setNoDelay(true);
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

/** Reads everything and answers nothing (RFC 863). */
async function discard(
  connection: Connection,
  context: ServiceContext,
): Promise<void> {
  await drain(connection, context);
  await connection.conn.closeWrite();
}

/** Reads and drops all that the client sends. */
async function drain(
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
    buffer = nextBuffer(buffer, length);
  }
}

/** Many lines to a write: the same text for a fraction of the work. */
const CHARGEN_PIECE = concat(Array(16).fill(CHARGEN_CYCLE));

/**
 * Sends characters until the client closes, and drops what the client sends
 * (RFC 864).
 */
async function chargen(
  connection: Connection,
  context: ServiceContext,
): Promise<void> {
  // It ends when the socket is closed; the write below reports why.
  drain(connection, context).catch(() => {});
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
    // This service is meant to end when the client closes.
    if (!isReset(error)) throw error;
  }
}
