import { assert, assertEquals, assertThrows } from "@std/assert";
import { createConnection } from "node:net";
import { Readable } from "node:stream";
import fc from "fast-check";
import {
  EchosounderError,
  serveTcp,
  type ServeTcpOptions,
  sharedMemory,
  type TcpServerEvent,
} from "../../../mod.ts";
import { CHARGEN_CYCLE } from "../../../net/chargen.ts";
import { ServerLimits } from "../../../tcp/server/limits.ts";
import { bytes, noise, read, text, writeAll } from "../../setup/bytes.ts";
import { sendAndReset } from "../../setup/tcp_peer.ts";
import { until, untilQuiet } from "../../setup/until.ts";
import { HAS_IPV6, testWhere } from "../../setup/where.ts";

/** A server on the loopback, the events it emitted, and a way to connect to it. */
function serve(options: ServeTcpOptions = {}) {
  const events: TcpServerEvent[] = [];
  const server = serveTcp({
    hostname: "127.0.0.1",
    port: 0,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const connect = () =>
    Deno.connect({ hostname: server.addr.hostname, port: server.addr.port });
  const closings = () =>
    events.filter((event) => event.event === "connection-closed");
  return { server, events, connect, closings };
}

/** One message there and back, to show that a server still serves. */
async function assertEchoes(
  connect: () => Promise<Deno.TcpConn>,
): Promise<void> {
  using conn = await connect();
  await writeAll(conn, bytes("still here?"));
  await conn.closeWrite();
  assertEquals(text(await read(conn)), "still here?");
}

Deno.test("serveTcp() echoes, and shuts down its side after the client's", async () => {
  const { server, connect } = serve();
  await using _ = server;
  using conn = await connect();
  await writeAll(conn, bytes("this is a test"));
  assertEquals(text(await read(conn, 14)), "this is a test");
  await conn.closeWrite();
  assertEquals(await conn.read(new Uint8Array(1)), null);
});

Deno.test("serveTcp() echoes nothing to a client that sends nothing and half-closes", async () => {
  const { server, connect } = serve();
  await using _ = server;
  using conn = await connect();
  await conn.closeWrite();
  assertEquals((await read(conn)).length, 0);
});

Deno.test("serveTcp() echoes one byte at a time", async () => {
  const { server, connect } = serve();
  await using _ = server;
  using conn = await connect();
  conn.setNoDelay(true);
  for (let byte = 0; byte < 256; byte++) {
    await writeAll(conn, new Uint8Array([byte]));
    assertEquals(await read(conn, 1), new Uint8Array([byte]));
  }
});

Deno.test("serveTcp() echoes the same bytes, in whatever chunks and pauses they come", async () => {
  const { server, connect } = serve();
  await using _ = server;
  const chunk = fc.record({
    size: fc.oneof(fc.nat(20), fc.nat(70_000)),
    pause: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), async (chunks) => {
      const sent = noise(chunks.reduce((sum, { size }) => sum + size, 0));
      using conn = await connect();
      const received = read(conn);
      let at = 0;
      for (const { size, pause } of chunks) {
        await writeAll(conn, sent.subarray(at, at += size));
        if (pause > 0) {
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
      await conn.closeWrite();
      assertEquals(await received, sent);
    }),
    { numRuns: 40 },
  );
});

Deno.test("serveTcp() echoes all of 100 MB to a client that sends, half-closes, and only then reads", async () => {
  const { server, connect, closings } = serve();
  await using _ = server;
  using conn = await connect();
  const sent = noise(100_000_000);
  await writeAll(conn, sent);
  await conn.closeWrite();
  const received = await read(conn);
  assertEquals(received.length, sent.length);
  assert(indexOfDifference(sent, received) === -1);
  await until(() => closings().length === 1, "the end of the connection");
  assertEquals(closings()[0].reason, "finished");
});

function indexOfDifference(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}

Deno.test("serveTcp() serves 500 clients at once, each its own bytes", async () => {
  const { server, connect } = serve();
  const conns = await Promise.all(Array.from({ length: 500 }, connect));
  await Promise.all(conns.map(async (conn, i) => {
    const message = bytes(`client ${i} `.repeat(20));
    await writeAll(conn, message);
    assertEquals(text(await read(conn, message.length)), text(message));
  }));
  for (const conn of conns) await conn.closeWrite();
  await Promise.all(conns.map((conn) => read(conn)));
  for (const conn of conns) conn.close();
  await server.shutdown();
  const summary = await server.finished;
  assertEquals([summary.connections.accepted, summary.connections.failed], [
    500,
    0,
  ]);
});

Deno.test("serveTcp() reads from a client that never reads only up to the limit", async () => {
  const limit = 2_000_000;
  const { server, connect, closings } = serve({ readAhead: limit });
  using conn = await connect();
  let sent = 0;
  const pouring = (async () => {
    const piece = new Uint8Array(65_536);
    for (;;) sent += await conn.write(piece);
  })().catch(() => {});
  // Sent until nothing more was accepted for longer than the server needs to detect
  // that the client does not read.
  await untilQuiet(() => sent, 300);
  const blockedAt = sent;
  await assertEchoes(connect);
  assertEquals(sent, blockedAt);
  conn.close();
  await pouring;
  await server.shutdown();
  const closed = closings().find(({ connection }) => connection === 1)!;
  // What the server has read and not sent: what it read ahead, and the piece that
  // it was writing.
  assert(
    closed.bytes_received - closed.bytes_sent <= limit + 262_144,
    `${closed.bytes_received} received, ${closed.bytes_sent} sent`,
  );
});

Deno.test("serveTcp() without read-ahead reads no faster than the client", async () => {
  const { server, connect, closings } = serve({ readAhead: 0 });
  const conn = await connect();
  let sent = 0;
  const pouring = (async () => {
    for (;;) sent += await conn.write(new Uint8Array(65_536));
  })().catch(() => {});
  await untilQuiet(() => sent, 300);
  conn.close();
  await pouring;
  await server.shutdown();
  const [closed] = closings();
  assert(closed.bytes_received - closed.bytes_sent <= 262_144);
});

Deno.test("serveTcp() keeps echoing after a client resets", async () => {
  const { server, connect, closings } = serve();
  await sendAndReset(server.addr.port, noise(1000));
  await until(() => closings().length === 1, "the end of the connection");
  assertEquals(closings()[0].reason, "reset");
  assertEquals(closings()[0].detail, "connection reset by the peer");
  await assertEchoes(connect);
  await server.shutdown();
  const summary = await server.finished;
  assertEquals([summary.connections.accepted, summary.connections.failed], [
    2,
    1,
  ]);
});

Deno.test("serveTcp() does not disturb a client while another one resets", async () => {
  const { server, connect } = serve();
  await using _ = server;
  using steady = await connect();
  for (let round = 0; round < 20; round++) {
    await sendAndReset(server.addr.port, noise(1000));
    await writeAll(steady, bytes("steady"));
    assertEquals(text(await read(steady, 6)), "steady");
  }
});

Deno.test("serveTcp() with once serves one client and listens no more", async () => {
  const { server, connect } = serve({ once: true });
  using conn = await connect();
  await writeAll(conn, bytes("one"));
  assertEquals(text(await read(conn, 3)), "one");
  let refused = false;
  await connect().then((second) => second.close(), () => refused = true);
  assert(refused, "a second client was let in");
  await conn.closeWrite();
  assertEquals((await server.finished).connections.accepted, 1);
});

Deno.test("serveTcp() with once skips a client that is not allowed", async () => {
  const { server, connect, events } = serve({
    once: true,
    allow: ["127.0.0.2"],
  });
  using stranger = await connect();
  assertEquals(await stranger.read(new Uint8Array(1)), null);
  assert(events.some(({ event }) => event === "rejected"));
  // Deno's own sockets cannot choose where they come from.
  const friend = createConnection({
    host: "127.0.0.1",
    port: server.addr.port,
    localAddress: "127.0.0.2",
  });
  friend.end("for me");
  assertEquals(await new Response(Readable.toWeb(friend)).text(), "for me");
  const { connections, rejected } = await server.finished;
  assertEquals([connections.accepted, rejected], [1, 1]);
});

Deno.test("serveTcp() with discard reads everything and answers nothing", async () => {
  const { server, connect, closings } = serve({ service: "discard" });
  using conn = await connect();
  await writeAll(conn, noise(1_000_000));
  await conn.closeWrite();
  assertEquals((await read(conn)).length, 0);
  await server.shutdown();
  assertEquals([closings()[0].bytes_received, closings()[0].bytes_sent], [
    1_000_000,
    0,
  ]);
});

Deno.test("serveTcp() with chargen sends its text until the client closes", async () => {
  const { server, connect, closings } = serve({ service: "chargen" });
  const conn = await connect();
  await writeAll(conn, bytes("thrown away"));
  const size = CHARGEN_CYCLE.length * 3;
  const received = await read(conn, size);
  assertEquals(text(received), text(CHARGEN_CYCLE).repeat(3));
  conn.close();
  await until(() => closings().length === 1, "the end of the connection");
  assertEquals(closings()[0].reason, "finished");
  await server.shutdown();
});

Deno.test("serveTcp() with chargen ends in order when the server is shut down", async () => {
  const { server, connect, closings } = serve({ service: "chargen" });
  using conn = await connect();
  await read(conn, 10_000);
  const rest = read(conn);
  await server.shutdown();
  assert((await rest).length > 0);
  assertEquals(closings()[0].reason, "finished");
});

Deno.test("serveTcp() closes a client outside the allow-list at once, and counts it", async () => {
  const { server, connect, events } = serve({ allow: ["192.0.2.0/24"] });
  using conn = await connect();
  assertEquals((await read(conn)).length, 0);
  await server.shutdown();
  const summary = await server.finished;
  assertEquals([summary.connections.accepted, summary.rejected], [0, 1]);
  const rejected = events.find((event) => event.event === "rejected");
  assertEquals(rejected?.reason, "not-allowed");
});

Deno.test("serveTcp() closes clients over its limit at once, and accepts others when one leaves", async () => {
  const { server, connect, closings } = serve({ maxConnections: 1 });
  const first = await connect();
  await writeAll(first, bytes("a"));
  await read(first, 1);
  using second = await connect();
  assertEquals((await read(second)).length, 0);
  first.close();
  await until(() => closings().length === 1, "the end of the first");
  await assertEchoes(connect);
  await server.shutdown();
  assertEquals((await server.finished).rejected, 1);
});

Deno.test("serveTcp() closes a client with which nothing moves, and no other", async () => {
  const { server, connect, closings } = serve({ idleTimeout: 300 });
  using idle = await connect();
  using busy = await connect();
  const idleEnd = read(idle);
  while (closings().length === 0) {
    await writeAll(busy, bytes("x"));
    await read(busy, 1);
  }
  assertEquals((await idleEnd).length, 0);
  assertEquals(
    closings().map(({ connection, reason }) => [connection, reason]),
    [[1, "idle"]],
  );
  await busy.closeWrite();
  await server.shutdown();
  const summary = await server.finished;
  assertEquals([summary.connections.idle, summary.connections.failed], [1, 0]);
});

Deno.test("serveTcp() with an idle timeout keeps a client that goes on", async () => {
  const idleTimeout = 300;
  const { server, connect, closings } = serve({ idleTimeout });
  using conn = await connect();
  const started = performance.now();
  while (performance.now() - started < 2 * idleTimeout) {
    await writeAll(conn, bytes("x"));
    assertEquals((await read(conn, 1)).length, 1);
  }
  assertEquals(closings().length, 0);
  await conn.closeWrite();
  await read(conn);
  await server.shutdown();
});

Deno.test("shutdown() lets a connected client finish, and accepts no new one", async () => {
  const { server, connect, closings } = serve();
  using conn = await connect();
  await writeAll(conn, bytes("before"));
  await read(conn, 6);
  const stopped = server.shutdown();
  let refused = false;
  await connect().then((second) => second.close(), () => refused = true);
  assert(refused);
  await writeAll(conn, bytes("after"));
  assertEquals(text(await read(conn, 5)), "after");
  await conn.closeWrite();
  await stopped;
  assertEquals(closings()[0].reason, "finished");
});

Deno.test("aborting the signal closes the clients at once, and counts them", async () => {
  const stop = new AbortController();
  const { server, connect } = serve({ signal: stop.signal });
  using conn = await connect();
  await writeAll(conn, bytes("x"));
  await read(conn, 1);
  stop.abort();
  const summary = await server.finished;
  assertEquals([
    summary.connections.accepted,
    summary.connections.cut_off,
    summary.connections.failed,
  ], [
    1,
    1,
    0,
  ]);
});

Deno.test("serveTcp() emits the events of a client in order, with its bytes", async () => {
  const { server, connect, events } = serve();
  using conn = await connect();
  await writeAll(conn, bytes("this is a test"));
  await conn.closeWrite();
  await read(conn);
  await server.shutdown();
  assertEquals(
    events.map(({ event }) => event),
    ["listening", "connection-opened", "connection-closed", "summary"],
  );
  const summary = await server.finished;
  assertEquals([summary.bytes_received, summary.bytes_sent], [14, 14]);
});

Deno.test("serveTcp() with detail emits an event for each piece", async () => {
  const { server, connect, events } = serve({ detail: true });
  using conn = await connect();
  await writeAll(conn, bytes("abc"));
  await read(conn, 3);
  await conn.closeWrite();
  await read(conn);
  await server.shutdown();
  assertEquals(
    events.filter(({ event }) => event.startsWith("chunk-")),
    [
      { event: "chunk-received", connection: 1, bytes: 3 },
      { event: "chunk-sent", connection: 1, bytes: 3 },
    ],
  );
});

Deno.test("serveTcp() throws that a port is in use", async () => {
  const { server } = serve();
  await using _ = server;
  const error = assertThrows(
    () => serveTcp({ hostname: "127.0.0.1", port: server.addr.port }),
    EchosounderError,
  );
  assertEquals(error.code, "cannot-bind");
  assert(error.message.includes("already in use"), error.message);
});

Deno.test("serveTcp() throws that an address is not of this machine", () => {
  const error = assertThrows(
    () => serveTcp({ hostname: "192.0.2.1", port: 0 }),
    EchosounderError,
  );
  assert(
    error.message.includes("not available on this machine"),
    error.message,
  );
});

testWhere(
  HAS_IPV6,
  "no IPv6 here",
  `serveTcp() serves both families on ::`,
  async () => {
    const { server } = serve({ hostname: "::", allow: ["127.0.0.0/8", "::1"] });
    await using _ = server;
    for (const hostname of ["127.0.0.1", "::1"]) {
      await assertEchoes(() =>
        Deno.connect({ hostname, port: server.addr.port })
      );
    }
  },
);

testWhere(
  Deno.build.os === "linux",
  "needs Linux",
  "servers with the same shared memory number and limit their clients together",
  async () => {
    const shared = sharedMemory();
    const first = serve({ shared, maxConnections: 3 });
    const { port } = first.server.addr;
    await using _first = first.server;
    const second = serve({ shared, maxConnections: 3, port });
    await using _second = second.server;
    assertEquals(second.server.addr.port, port);
    const conns = await Promise.all(
      Array.from({ length: 20 }, () => first.connect()),
    );
    const all = (kind: TcpServerEvent["event"]) =>
      [...first.events, ...second.events].filter(({ event }) => event === kind);
    await until(() => all("rejected").length === 17, "17 rejections");
    assertEquals(
      new Set(
        all("connection-opened").map((event) =>
          "connection" in event && event.connection
        ),
      ),
      new Set([1, 2, 3]),
    );
    conns.forEach((conn) => conn.close());
    await until(() => all("connection-closed").length === 3, "their end");
    await assertEchoes(first.connect);
  },
);

testWhere(
  Deno.build.os === "linux",
  "needs Linux",
  "servers with the same shared memory take no port that another server has",
  async () => {
    const options = { hostname: "127.0.0.1" };
    await using other = serveTcp({
      ...options,
      port: 0,
      shared: sharedMemory(),
    });
    assertThrows(
      () =>
        serveTcp({
          ...options,
          port: other.addr.port,
          shared: sharedMemory(),
        }),
      EchosounderError,
      "address already in use",
    );
  },
);

Deno.test("the limits of servers with the same memory hold over all of them", () => {
  const shared = sharedMemory();
  const [one, other] = [0, 1].map(() => new ServerLimits(2, 1000, shared));
  assertEquals([one.join(), other.join()], [true, false]);
  assertEquals([one.admit(), other.admit(), one.admit()], [1, 2, undefined]);
  other.leave();
  assertEquals(one.admit(), 3);
  one.takeReadAhead(600);
  assertEquals(other.readAheadLeft, 400);
  other.takeReadAhead(500);
  one.giveReadAhead(600);
  assertEquals(one.readAheadLeft, 500);
});
