import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ConnectedEvent,
  EchosounderError,
  echoTcp,
  measureTcp,
  serveTcp,
  type TcpClientEvent,
} from "../../../mod.ts";
import { connectAny } from "../../../tcp/client/connect.ts";
import { patternPieces } from "../../../measure/messages.ts";
import { bytes, read, text, writeAll } from "../../setup/bytes.ts";
import { freePort } from "../../setup/free_port.ts";
import { TcpPeer } from "../../setup/tcp_peer.ts";
import { HAS_IPV6, testWhere } from "../../setup/where.ts";

const HOST = "127.0.0.1";
const TEST = bytes("this is a test");

/** A peer whose echo is altered. */
function changing(change: (data: Uint8Array) => Uint8Array): TcpPeer {
  return new TcpPeer(async (conn) => {
    await writeAll(conn, change(await read(conn)));
  });
}

Deno.test("echoTcp() sends, half-closes, and checks what comes back", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const events: TcpClientEvent[] = [];
  const result = await echoTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: [TEST],
    onEvent: (event) => void events.push(event),
  });
  assert(result.passed);
  assertEquals([result.bytes_sent, result.bytes_received], [14, 14]);
  assertEquals(
    events.map(({ event }) => event),
    ["connected", "sent", "received", "closed", "result"],
  );
});

Deno.test("echoTcp() half-closes before it waits for the end", async () => {
  let seen = "";
  // The peer answers only once it has read to the end.
  await using peer = new TcpPeer(async (conn) => {
    const data = await read(conn);
    seen = text(data);
    await writeAll(conn, data);
  });
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: [TEST],
  });
  assertEquals([result.passed, seen], [true, "this is a test"]);
});

Deno.test("echoTcp() accepts an empty payload: it half-closes, and the peer closes", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const result = await echoTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: [],
  });
  assertEquals([result.passed, result.bytes_received], [true, 0]);
});

Deno.test("echoTcp() sends and receives at once, so that no payload is too large", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0, readAhead: 0 });
  const result = await echoTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: patternPieces(200_000_000),
  });
  assertEquals([result.passed, result.bytes_received], [true, 200_000_000]);
});

Deno.test("echoTcp() passes the echo on as it arrives", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const turn = Promise.withResolvers<void>();
  let echoed = "";
  async function* payload() {
    yield bytes("first ");
    await turn.promise; // The second piece goes out only when the first is back.
    yield bytes("second");
  }
  const result = await echoTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: payload(),
    onEcho: (piece) => {
      echoed += text(piece);
      turn.resolve();
      return Promise.resolve();
    },
  });
  assertEquals([result.passed, echoed], [true, "first second"]);
});

Deno.test("echoTcp() reports the first wrong byte with its offset", async () => {
  await using peer = changing((data) => {
    const wrong = data.slice();
    wrong[5] = 0x58;
    return wrong;
  });
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: [TEST],
  });
  assertEquals(result.failure?.code, "difference");
  assertEquals(result.failure?.difference, {
    offset: 5,
    sent: 0x69,
    received: 0x58,
  });
});

Deno.test("echoTcp() reports too many bytes", async () => {
  await using peer = changing((data) => bytes(text(data) + "!"));
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: [TEST],
  });
  assertEquals(result.failure?.code, "difference");
  assertEquals(result.failure?.difference, { offset: 14, received: 0x21 });
});

Deno.test("echoTcp() reports too few bytes", async () => {
  await using peer = changing((data) => data.subarray(0, 10));
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: [TEST],
  });
  assertEquals(result.failure?.code, "closed-early");
  assert(
    result.failure?.message.includes("4 of 14 bytes"),
    result.failure?.message,
  );
});

Deno.test("echoTcp() gives up on a peer that accepts and answers nothing", async () => {
  const never = Promise.withResolvers<void>();
  await using peer = new TcpPeer(() => never.promise);
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: [TEST],
    timeout: 200,
  });
  assertEquals(result.failure?.code, "no-answer");
  assert(
    result.failure?.message.includes("14 of 14 bytes"),
    result.failure?.message,
  );
  never.resolve();
});

Deno.test("echoTcp() gives up on a peer that echoes and does not close", async () => {
  const never = Promise.withResolvers<void>();
  await using peer = new TcpPeer(async (conn) => {
    await writeAll(conn, await read(conn, 14));
    await never.promise;
  });
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: [TEST],
    timeout: 200,
  });
  assertEquals(result.failure?.code, "no-answer");
  assert(
    result.failure?.message.includes("did not close"),
    result.failure?.message,
  );
  never.resolve();
});

Deno.test("echoTcp() does not count the time in which no answer is outstanding", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  async function* slowly() {
    for (let i = 0; i < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      yield bytes("x");
    }
  }
  const result = await echoTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: slowly(),
    timeout: 150,
  });
  assertEquals([result.passed, result.failure], [true, undefined]);
});

Deno.test("echoTcp() is patient with a peer that answers only when it has everything", async () => {
  await using peer = new TcpPeer(async (conn) => {
    await writeAll(conn, await read(conn));
  });
  async function* slowly() {
    for (let i = 0; i < 8; i++) {
      yield bytes("x");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: slowly(),
    timeout: 200,
  });
  assertEquals([result.failure, result.bytes_received], [undefined, 8]);
});

Deno.test("echoTcp() ends at a failure while its payload is still waiting for its source", async () => {
  await using peer = new TcpPeer(async (conn) => {
    await read(conn, 1);
  });
  async function* endless() {
    yield bytes("x");
    await new Promise(() => {});
  }
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: endless(),
  });
  assertEquals(result.failure?.code, "closed-early");
});

Deno.test("echoTcp() stops when its signal aborts, and still gives a result", async () => {
  const stop = new AbortController();
  const never = Promise.withResolvers<void>();
  await using peer = new TcpPeer(async (conn) => {
    await read(conn, 14);
    stop.abort();
    await never.promise;
  });
  const result = await echoTcp({
    hostname: HOST,
    port: peer.port,
    payload: [TEST],
    signal: stop.signal,
  });
  assertEquals([result.failure?.code, result.bytes_sent], ["stopped", 14]);
  never.resolve();
});

Deno.test("echoTcp() throws that nobody listens", async () => {
  const error = await assertRejects(
    () => echoTcp({ hostname: HOST, port: freePort(), payload: [TEST] }),
    EchosounderError,
  );
  assertEquals(error.code, "cannot-connect");
  assert(error.message.includes("connection refused"), error.message);
});

Deno.test("echoTcp() throws that a name does not resolve", async () => {
  const error = await assertRejects(
    () => echoTcp({ hostname: "no-such-host.invalid", payload: [TEST] }),
    EchosounderError,
  );
  assertEquals(error.code, "cannot-resolve");
});

Deno.test("echoTcp() keeps trying until the server is there", async () => {
  const port = freePort();
  const tried = Promise.withResolvers<void>();
  let retries = 0;
  const echoing = echoTcp({
    hostname: HOST,
    port,
    payload: [TEST],
    retryFor: 10_000,
    onEvent: ({ event }) => {
      if (event === "retry" && ++retries === 2) tried.resolve();
    },
  });
  await tried.promise;
  await using _ = serveTcp({ hostname: HOST, port });
  assertEquals((await echoing).passed, true);
});

Deno.test("echoTcp() stops trying when its time is over", async () => {
  const started = performance.now();
  await assertRejects(
    () =>
      echoTcp({
        hostname: HOST,
        port: freePort(),
        payload: [TEST],
        retryFor: 300,
      }),
    EchosounderError,
  );
  assert(performance.now() - started >= 299);
});

Deno.test("connectAny() tries every address until one connects", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  // Nobody listens at the first two: one is of the other family, where there is one.
  const conn = await connectAny(
    [
      { address: "::1", family: 6 },
      { address: "127.0.0.2", family: 4 },
      { address: HOST, family: 4 },
    ],
    server.addr.port,
    AbortSignal.timeout(5000),
  );
  assertEquals(conn.remoteAddr.hostname, HOST);
  conn.close();
});

Deno.test("connectAny() says why each address failed", async () => {
  const port = freePort();
  const error = await assertRejects(
    () =>
      connectAny(
        [{ address: HOST, family: 4 }, { address: "127.0.0.2", family: 4 }],
        port,
        AbortSignal.timeout(5000),
      ),
    AggregateError,
  );
  assertEquals(
    (error as AggregateError).errors.map((each: Error) => each.message),
    [
      `${HOST}:${port}: connection refused`,
      `127.0.0.2:${port}: connection refused`,
    ],
  );
});

testWhere(
  HAS_IPV6,
  "no IPv6 here",
  `echoTcp() connects over IPv6`,
  async () => {
    await using server = serveTcp({ hostname: "::1", port: 0 });
    const { port } = server.addr;
    const result = await echoTcp({
      hostname: "::1",
      port,
      family: 6,
      payload: [TEST],
    });
    assertEquals(result.passed, true);
  },
);

Deno.test("measureTcp() measures one round trip after the other on one connection", async () => {
  const events: TcpClientEvent[] = [];
  let connections = 0;
  await using server = serveTcp({
    hostname: HOST,
    port: 0,
    onEvent: ({ event }) =>
      void (event === "connection-opened" && connections++),
  });
  const result = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: { size: 64 },
    count: 5,
    detail: true,
    onEvent: (event) => void events.push(event),
  });
  assertEquals(
    [result.passed, result.messages_sent, result.messages_received],
    [true, 5, 5],
  );
  assertEquals([result.bytes_sent, result.bytes_received, connections], [
    320,
    320,
    1,
  ]);
  const received = events.filter((event) => event.event === "received");
  assertEquals(received.map(({ sequence }) => sequence), [1, 2, 3, 4, 5]);
  const delays = received.map(({ rtt_us }) => rtt_us!);
  assertEquals(result.rtt_us?.min, Math.min(...delays));
  assertEquals(result.rtt_us?.max, Math.max(...delays));
});

Deno.test("measureTcp() sends messages larger than all buffers", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0, readAhead: 0 });
  const result = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: { size: 30_000_000 },
    count: 2,
  });
  assertEquals([result.passed, result.bytes_received], [true, 60_000_000]);
});

Deno.test("measureTcp() finds that two messages came back swapped", async () => {
  await using peer = new TcpPeer(async (conn) => {
    const first = await read(conn, 64);
    await writeAll(conn, first);
    await read(conn, 64);
    await writeAll(conn, first); // The first one again, in place of the second.
    await read(conn);
  });
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: 64 },
    count: 2,
  });
  assertEquals([result.failure?.code, result.messages_received], [
    "difference",
    1,
  ]);
});

Deno.test("measureTcp() gives up on a missing answer, and keeps its counts", async () => {
  const never = Promise.withResolvers<void>();
  await using peer = new TcpPeer(async (conn) => {
    await writeAll(conn, await read(conn, 14));
    await never.promise;
  });
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: TEST,
    count: 3,
    timeout: 200,
  });
  assertEquals(result.failure?.code, "no-answer");
  assertEquals([result.messages_sent, result.messages_received], [2, 1]);
  never.resolve();
});

Deno.test("measureTcp() finds bytes that come after the last answer", async () => {
  await using peer = new TcpPeer(async (conn) => {
    await writeAll(conn, await read(conn, 14));
    await read(conn);
    await writeAll(conn, bytes("?"));
  });
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: TEST,
    count: 1,
  });
  assertEquals(result.failure?.difference, { offset: 14, received: 0x3f });
});

Deno.test("echoTcp() from an address and port of its own half-closes and reads to the end", async () => {
  await using server = serveTcp({ hostname: "0.0.0.0", port: 0 });
  const { port } = server.addr;
  const size = 3_000_000;
  const local = freePort();
  let connected: ConnectedEvent | undefined;
  const result = await echoTcp({
    hostname: "127.0.0.1",
    port,
    bind: { hostname: "127.0.0.2", port: local },
    payload: patternPieces(size),
    onEvent: (event) => {
      if (event.event === "connected") connected = event;
    },
  });
  assertEquals([result.passed, result.bytes_received], [true, size]);
  assertEquals(
    [connected?.local_host, connected?.local_port],
    ["127.0.0.2", local],
  );
});

Deno.test("measureTcp() from an address of its own measures, and tells a peer that closes early", async () => {
  await using server = serveTcp({ hostname: "0.0.0.0", port: 0 });
  const common = {
    hostname: "127.0.0.1",
    bind: { hostname: "127.0.0.2" },
    payload: { size: 64 },
    count: 100,
  };
  const good = await measureTcp({ ...common, port: server.addr.port });
  assertEquals([good.passed, good.messages_received], [true, 100]);
  await using peer = new TcpPeer(async (conn) => {
    await conn.read(new Uint8Array(64));
  });
  const bad = await measureTcp({ ...common, port: peer.port });
  assertEquals(bad.failure?.code, "closed-early");
});

Deno.test("connecting from an address that this machine does not have fails with its reason", async () => {
  await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
  const error = await assertRejects(() =>
    echoTcp({
      hostname: "127.0.0.1",
      port: server.addr.port,
      bind: { hostname: "192.0.2.7" },
      payload: [bytes("x")],
    })
  ) as EchosounderError;
  assertEquals(error.code, "cannot-connect");
  assert(error.message.includes("not available"), error.message);
});
