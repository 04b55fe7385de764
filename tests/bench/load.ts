/**
 * Many clients at once: what each costs, how fast a crowd is accepted, and whether
 * a bulk client starves the small ones.
 *
 * @module
 */
import { measureTcp } from "../../mod.ts";
import { close } from "../../net/close.ts";
import { read, writeAll } from "../setup/bytes.ts";
import {
  residentMemory,
  startRole,
  type TestProcess,
} from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { median } from "./median.ts";

const HOST = "127.0.0.1";
const CROWD = 10_000;
const BURST = 9_000;
const SILENT = 1_000;
const UNREAD = 1_000_000;
const SMALL = 500;

/** Clients that are being connected at the same time. */
const CONNECTING = 500;

const MESSAGE = new TextEncoder().encode("sixty-four bytes ".repeat(4)).slice(
  0,
  64,
);

async function echo(conn: Deno.TcpConn): Promise<void> {
  await writeAll(conn, MESSAGE);
  const { length } = await read(conn, MESSAGE.length);
  if (length !== MESSAGE.length) throw new Error("the echo is cut short");
}

/** Connects so many clients, each of which has one echo; some at a time. */
async function crowd(port: number, size: number): Promise<Deno.TcpConn[]> {
  const conns: Deno.TcpConn[] = [];
  while (conns.length < size) {
    const batch = Math.min(size - conns.length, CONNECTING);
    await Promise.all(Array.from({ length: batch }, async () => {
      const conn = await Deno.connect({ hostname: HOST, port });
      conns.push(conn);
      await echo(conn);
    }));
  }
  return conns;
}

/** Waits until memory falls no more; returns it in megabytes. */
async function settled(server: TestProcess): Promise<number> {
  let lowest = Infinity;
  for (let unchanged = 0; unchanged < 10; unchanged++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const memory = residentMemory(server.pid);
    if (memory < lowest - 0.5) unchanged = 0;
    lowest = Math.min(lowest, memory);
  }
  return lowest;
}

async function startServer(...args: string[]) {
  const server = startRole("tcp-server", [
    "--host",
    HOST,
    "--port",
    "0",
    "--log-level",
    "warning",
    ...args,
  ]);
  return { server, port: await server.listening() };
}

async function idleClients(): Promise<void> {
  const { server, port } = await startServer("--max-connections", "20000");
  await using _ = server;
  // What the first clients make it load is not what each of them costs.
  (await crowd(port, 500)).forEach(close);
  const bare = await settled(server);
  const conns = await crowd(port, CROWD);
  const full = await settled(server);
  // All are still there.
  for (const conn of conns) await echo(conn);
  conns.forEach(close);
  await until(() => server.stdout.split("finished").length > CROWD, "the end");
  const after = await settled(server);
  const each = (full - bare) * 1024 / CROWD;
  console.log(
    `${CROWD} clients: ${bare.toFixed(0)} MB before, ${
      full.toFixed(0)
    } MB with them ` +
      `(${each.toFixed(1)} KB each), ${after.toFixed(0)} MB after`,
  );
}

async function burst(): Promise<void> {
  const { server, port } = await startServer();
  await using _ = server;
  const started = performance.now();
  const conns = await Promise.all(Array.from({ length: BURST }, async () => {
    const conn = await Deno.connect({ hostname: HOST, port });
    await echo(conn);
    return conn;
  }));
  const took = performance.now() - started;
  conns.forEach(close);
  console.log(`${BURST} at once: all served in ${(took / 1000).toFixed(2)} s`);
}

async function silentReaders(): Promise<void> {
  const { server, port } = await startServer();
  await using _ = server;
  const before = await settled(server);
  const conns = await Promise.all(
    Array.from(
      { length: SILENT },
      () => Deno.connect({ hostname: HOST, port }),
    ),
  );
  // They send, and never read; more would fill the kernel's own memory for all.
  const piece = new Uint8Array(UNREAD);
  conns.map((conn) => writeAll(conn, piece).catch(() => {}));
  let largest = 0;
  for (let i = 0; i < 30; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    largest = Math.max(largest, residentMemory(server.pid));
  }
  conns.forEach(close);
  console.log(
    `${SILENT} that send and never read: ${before.toFixed(0)} MB before, ` +
      `${largest.toFixed(0)} MB at most (128 MiB of it is --read-ahead)`,
  );
}

async function starving(): Promise<void> {
  const { server, port } = await startServer();
  await using _ = server;
  const small = async () =>
    (await measureTcp({
      hostname: HOST,
      port,
      payload: { size: 64 },
      connections: SMALL,
      rate: 2000,
      duration: 3000,
      warmup: 500,
    })).rtt_us!.p99!;
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < 3; round++) {
    alone.push(await small());
    await using bulk = startRole("tcp-client", [
      `${HOST}:${port}`,
      "--size",
      "1MB",
      "--pipeline",
      "4",
      "--duration",
      "30s",
      "--json",
    ]);
    await bulk.shows("interval");
    beside.push(await small());
  }
  const [one, other] = [median(alone), median(beside)];
  console.log(
    `${SMALL} small clients: p99 ${(one / 1000).toFixed(2)} ms alone, ` +
      `${(other / 1000).toFixed(2)} ms beside one that pours (${
        (other / one).toFixed(1)
      } times)`,
  );
}

await idleClients();
await burst();
await silentReaders();
await starving();
