/**
 * The soak's clients: some behave, some come and go, reset, stall or pour. Each
 * accounts for its bytes against what the server says of the same connection.
 *
 * @module
 */
import { once } from "node:events";
import { connect } from "node:net";
import { echoTcp, measureUdp, patternPieces } from "../../mod.ts";
import { Messages } from "../../measure/messages.ts";
import { firstDifference } from "../../measure/echo_check.ts";
import { read, writeAll } from "../setup/bytes.ts";
import type { Line } from "../setup/events.ts";

const HOST = "127.0.0.1";

/** Pseudo-random whole numbers, the same for the same seed (mulberry32). */
export class Dice {
  #state: number;

  /** @param seed 32 bits. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, but not including, a limit. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ this.#state >>> 15, this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return Math.floor(((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32 * limit);
  }
}

/** What a client gets. */
export interface Field {
  tcpPort: number;
  udpPort: number;
  dice: Dice;
  /** Waits for the server's account of the client with a port. */
  closed: (port: number) => Promise<Line>;
}

/** The outcome of a client. */
export interface Account {
  connections: number;
  bytes: number;
  datagramsSent: number;
  datagramsReceived: number;
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function message(dice: Dice, size: number): Uint8Array<ArrayBuffer> {
  const messages = new Messages({ size }, dice.below(2 ** 32));
  const bytes = new Uint8Array(size);
  messages.fill(bytes, 0, 1, 0, size);
  return bytes;
}

function expect(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

/** Bytes of one orderly connection against the server's account of it. */
async function account(
  field: Field,
  port: number,
  bytes: number,
): Promise<Account> {
  const event = await field.closed(port);
  const says =
    `${event.reason}, ${event.bytes_received} received, ${event.bytes_sent} sent`;
  expect(
    event.reason === "finished" && event.bytes_received === bytes &&
      event.bytes_sent === bytes,
    `a client sent ${bytes} bytes and got them back; the server: ${says}`,
  );
  return { connections: 1, bytes, datagramsSent: 0, datagramsReceived: 0 };
}

/** An orderly conversation; returns the bytes that went there and back. */
type Conversation = (conn: Deno.TcpConn, dice: Dice) => Promise<number>;

function assertSame(sent: Uint8Array, echo: Uint8Array): void {
  const difference = firstDifference(sent, echo);
  expect(!difference, `the echo differs at byte ${difference?.offset}`);
}

/** Messages there and back, with pauses. */
async function talk(conn: Deno.TcpConn, dice: Dice): Promise<number> {
  let bytes = 0;
  for (let left = 1 + dice.below(50); left > 0; left--) {
    const sent = message(dice, 1 + dice.below(2000));
    await writeAll(conn, sent);
    assertSame(sent, await read(conn, sent.length));
    bytes += sent.length;
    if (dice.below(4) === 0) await wait(dice.below(10));
  }
  await conn.closeWrite();
  return bytes;
}

/** Everything, the half-close, and only then the echo. */
async function sendAll(conn: Deno.TcpConn, dice: Dice): Promise<number> {
  const sent = message(dice, dice.below(1_000_000));
  await writeAll(conn, sent);
  await conn.closeWrite();
  await wait(dice.below(50));
  assertSame(sent, await read(conn, sent.length));
  return sent.length;
}

/** Everything, a long silence, and then the echo. */
async function stall(conn: Deno.TcpConn, dice: Dice): Promise<number> {
  const sent = message(dice, 500_000 + dice.below(3_000_000));
  const writing = writeAll(conn, sent);
  await wait(300 + dice.below(300));
  const [echo] = await Promise.all([read(conn, sent.length), writing]);
  assertSame(sent, echo);
  await conn.closeWrite();
  return sent.length;
}

/** Nothing at all. */
async function leave(conn: Deno.TcpConn): Promise<number> {
  await conn.closeWrite();
  return 0;
}

function orderly(conversation: Conversation) {
  const client = async (field: Field): Promise<Account> => {
    using conn = await Deno.connect({ hostname: HOST, port: field.tcpPort });
    const { port } = conn.localAddr;
    const bytes = await conversation(conn, field.dice);
    expect(await conn.read(new Uint8Array(1)) === null, "bytes too many");
    return await account(field, port, bytes);
  };
  Object.defineProperty(client, "name", { value: conversation.name });
  return client;
}

/** A large payload, both ways at once. */
async function pour(field: Field): Promise<Account> {
  const size = 2_000_000 + field.dice.below(20_000_000);
  let port = 0;
  const result = await echoTcp({
    hostname: HOST,
    port: field.tcpPort,
    payload: patternPieces(size),
    onEvent: (event) => {
      if (event.event === "connected") port = event.local_port;
    },
  });
  expect(result.passed, `poured: ${result.failure?.message}`);
  return await account(field, port, size);
}

/** A reset in the middle of it. */
async function reset(field: Field): Promise<Account> {
  const { dice } = field;
  const socket = connect(field.tcpPort, HOST);
  await once(socket, "connect");
  const port = socket.localPort!;
  const sent = message(dice, 1 + dice.below(100_000));
  socket.on("error", () => {});
  socket.write(sent.subarray(0, 1));
  // Before that, the server may not have accepted it, and would not name it.
  await once(socket, "data");
  socket.write(sent.subarray(1));
  if (dice.below(2) === 0) await wait(dice.below(20));
  socket.resetAndDestroy();
  const event = await field.closed(port);
  // What was in flight at the reset is lost: no more can be checked.
  expect(
    event.bytes_received <= sent.length &&
      event.bytes_sent <= event.bytes_received,
    `a reset client sent ${sent.length} bytes; the server received ${event.bytes_received}, sent ${event.bytes_sent}`,
  );
  return { connections: 1, bytes: 0, datagramsSent: 0, datagramsReceived: 0 };
}

/** Datagrams at a rate. */
async function datagrams(field: Field): Promise<Account> {
  const { dice } = field;
  const result = await measureUdp({
    hostname: HOST,
    port: field.udpPort,
    size: 16 + dice.below(8000),
    count: 100 + dice.below(400),
    rate: 200 + dice.below(800),
    connections: 1 + dice.below(4),
    timeout: 2000,
  });
  const { corrupted, duplicates, late, strays } = result.datagrams;
  expect(
    corrupted! + duplicates! + strays + result.measured.errors === 0,
    `datagrams: ${JSON.stringify({ ...result, rtt_us: undefined })}`,
  );
  return {
    connections: 0,
    bytes: result.bytes_received,
    datagramsSent: result.messages_sent,
    datagramsReceived: result.messages_received + late!,
  };
}

/** All kinds, each as often as it comes up. */
export const KINDS: ((field: Field) => Promise<Account>)[] = [
  orderly(talk),
  orderly(talk),
  orderly(talk),
  orderly(sendAll),
  orderly(stall),
  orderly(leave),
  pour,
  reset,
  reset,
];

/** Those that send datagrams. */
export const DATAGRAM_KINDS: ((field: Field) => Promise<Account>)[] = [
  datagrams,
];
