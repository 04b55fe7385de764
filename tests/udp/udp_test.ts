import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  EchosounderError,
  echoUdp,
  measureUdp,
  serveUdp,
  type ServeUdpOptions,
  type UdpClientEvent,
  type UdpServerEvent,
} from "../../mod.ts";
import { CHARGEN_CYCLE } from "../../net/chargen.ts";
import { bytes, noise, text } from "../setup/bytes.ts";
import { freePort } from "../setup/free_port.ts";
import { UdpPeer, UdpSocket } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { HAS_IPV6, testWhere } from "../setup/where.ts";

const HOST = "127.0.0.1";
const TEST = bytes("this is a test");

/** A server on the loopback, the events it emitted, and a socket to it. */
function serve(options: ServeUdpOptions = {}) {
  const events: UdpServerEvent[] = [];
  const server = serveUdp({
    hostname: HOST,
    port: 0,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  const socket = new UdpSocket();
  const send = (data: Uint8Array) => socket.send(data, server.addr.port);
  const receive = () => socket.receive();
  return { server, events, socket, send, receive };
}

for (const size of [0, 1, 1472, 1473, 9000, 65_507]) {
  Deno.test(`serveUdp() echoes a datagram of ${size} bytes to its sender`, async () => {
    const { server, socket, send, receive } = serve();
    await using _ = server;
    using _socket = socket;
    const data = noise(size);
    await send(data);
    assertEquals(await receive(), data);
  });
}

Deno.test("serveUdp() echoes each datagram as it came, whatever the sizes", async () => {
  const { server, socket, send, receive } = serve();
  await using _ = server;
  using _socket = socket;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (data) => {
      await send(data);
      assertEquals(await receive(), data);
    }),
    { numRuns: 50 },
  );
});

Deno.test("serveUdp() answers each of many clients, and none the other's", async () => {
  const { server, socket } = serve();
  await using _ = server;
  using _socket = socket;
  const results = await Promise.all(
    Array.from(
      { length: 50 },
      () =>
        measureUdp({
          hostname: HOST,
          port: server.addr.port,
          size: 100,
          count: 5,
        }),
    ),
  );
  assert(
    results.every(({ passed, datagrams }) => passed && datagrams.strays === 0),
  );
});

Deno.test("serveUdp() goes on after its answer reached a closed port", async () => {
  const { server, socket, send, receive } = serve();
  await using _ = server;
  using _socket = socket;
  const gone = new UdpSocket();
  for (let i = 0; i < 3; i++) await gone.send(TEST, server.addr.port);
  gone[Symbol.dispose]();
  await send(TEST);
  assertEquals(text(await receive()), "this is a test");
});

Deno.test("serveUdp() with discard answers nothing", async () => {
  const { server, socket, send } = serve({ service: "discard" });
  using _socket = socket;
  await send(TEST);
  await send(TEST);
  // The second client's datagram shows that the two before were received.
  const result = await echoUdp({
    hostname: HOST,
    port: server.addr.port,
    payload: TEST,
    timeout: 100,
  });
  assertEquals(result.failure?.code, "no-answer");
  await server.shutdown();
  const summary = await server.finished;
  assertEquals([summary.datagrams.received, summary.datagrams.sent], [3, 0]);
});

Deno.test("serveUdp() with chargen answers with 0 to 512 characters", async () => {
  const { server, socket, send, receive } = serve({ service: "chargen" });
  await using _ = server;
  using _socket = socket;
  const sizes = new Set<number>();
  for (let i = 0; i < 50; i++) {
    await send(new Uint8Array(0));
    const answer = await receive();
    assert(answer.length <= 512);
    assertEquals(text(answer), text(CHARGEN_CYCLE).slice(0, answer.length));
    sizes.add(answer.length);
  }
  assert(sizes.size > 10, "the sizes are not random");
});

Deno.test("serveUdp() ignores peers outside the allow-list, and counts them", async () => {
  const { server, events, socket, send } = serve({ allow: ["192.0.2.0/24"] });
  using _socket = socket;
  await send(TEST);
  await until(
    () => events.some(({ event }) => event === "rejected"),
    "a rejection",
  );
  await server.shutdown();
  const summary = await server.finished;
  assertEquals([summary.rejected, summary.datagrams.sent], [1, 0]);
});

Deno.test("serveUdp() with once serves one datagram and stops", async () => {
  const { server, socket, send, receive } = serve({ once: true });
  using _socket = socket;
  await send(TEST);
  assertEquals(text(await receive()), "this is a test");
  assertEquals((await server.finished).datagrams.sent, 1);
});

Deno.test("serveUdp() with detail emits an event for each datagram", async () => {
  const { server, events, socket, send, receive } = serve({ detail: true });
  using _socket = socket;
  await send(TEST);
  await receive();
  await server.shutdown();
  const datagram = events.find((event) => event.event === "datagram")!;
  assertEquals([datagram.bytes_received, datagram.bytes_sent], [14, 14]);
  assertEquals(text(datagram.data), "this is a test");
});

Deno.test("serveUdp() stops at once when its signal aborts", async () => {
  const stop = new AbortController();
  const { server, socket } = serve({ signal: stop.signal });
  using _socket = socket;
  stop.abort();
  assertEquals((await server.finished).faults, 0);
});

Deno.test("serveUdp() throws that a port is in use", async () => {
  const { server, socket } = serve();
  await using _ = server;
  using _socket = socket;
  const error = assertThrows(
    () => serveUdp({ hostname: HOST, port: server.addr.port }),
    EchosounderError,
  );
  assertEquals(error.code, "cannot-bind");
});

testWhere(
  HAS_IPV6,
  "no IPv6 here",
  `serveUdp() serves both families on ::`,
  async () => {
    await using server = serveUdp({ hostname: "::", port: 0 });
    const { port } = server.addr;
    for (const hostname of ["127.0.0.1", "::1"]) {
      assert(
        (await measureUdp({ hostname, port, size: 1000, count: 3 }))
          .passed,
      );
    }
  },
);

testWhere(
  HAS_IPV6,
  "no IPv6 here",
  "echoUdp() carries the largest datagram over IPv6",
  async () => {
    await using server = serveUdp({ hostname: "::1", port: 0 });
    const { port } = server.addr;
    assert(
      (await echoUdp({ hostname: "::1", port, payload: { size: 65_527 } }))
        .passed,
    );
  },
);

Deno.test("echoUdp() refuses what no datagram can carry, before it sends anything", async () => {
  await using peer = new UdpPeer((data, answer) => answer(data));
  const { port } = peer;
  const error = await assertRejects(
    () => echoUdp({ hostname: HOST, port, payload: { size: 65_508 } }),
    EchosounderError,
  );
  assertEquals(error.code, "invalid-option");
  // What comes now is the first that the peer receives.
  await echoUdp({ hostname: HOST, port, payload: TEST });
  assertEquals(peer.received, 1);
});

Deno.test("echoUdp() fails without an answer in time", async () => {
  await using peer = new UdpPeer(() => {});
  const result = await echoUdp({
    hostname: HOST,
    port: peer.port,
    payload: TEST,
    timeout: 100,
  });
  assertEquals([result.failure?.code, result.datagrams.lost], ["no-answer", 1]);
});

Deno.test("echoUdp() finds a wrong byte in the answer", async () => {
  await using peer = new UdpPeer((data, answer) => {
    const wrong = data.slice();
    wrong[3] ^= 1;
    return answer(wrong);
  });
  const result = await echoUdp({
    hostname: HOST,
    port: peer.port,
    payload: TEST,
  });
  assertEquals(result.failure?.difference, {
    offset: 3,
    sent: 0x73,
    received: 0x72,
  });
});

Deno.test("echoUdp() finds an answer too short and one too long", async () => {
  await using short = new UdpPeer((data, answer) => answer(data.subarray(1)));
  const first = await echoUdp({
    hostname: HOST,
    port: short.port,
    payload: bytes("aaa"),
  });
  assertEquals(first.failure?.difference, {
    offset: 2,
    sent: 0x61,
    received: undefined,
  });
  await using long = new UdpPeer((data, answer) =>
    answer(new Uint8Array([...data, 0x62]))
  );
  const second = await echoUdp({
    hostname: HOST,
    port: long.port,
    payload: bytes("aaa"),
  });
  assertEquals(second.failure?.difference, {
    offset: 3,
    sent: undefined,
    received: 0x62,
  });
});

Deno.test("measureUdp() does not take an answer from another address", async () => {
  using other = new UdpSocket();
  await using peer = new UdpPeer(async (data, answer, number, from) => {
    await other.send(data, from.port);
    if (number === 2) await answer(data);
  });
  const events: UdpClientEvent[] = [];
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 2,
    timeout: 200,
    detail: true,
    onEvent: (event) => void events.push(event),
  });
  assertEquals([
    result.datagrams.lost,
    result.messages_received,
    result.datagrams.strays,
  ], [
    1,
    1,
    2,
  ]);
  const stray = events.find((event) => event.event === "stray");
  assertEquals(stray?.reason, "other-address");
});

Deno.test("measureUdp() does not mistake a late answer for the answer to the next datagram", async () => {
  let first: Uint8Array;
  await using peer = new UdpPeer(async (data, answer, number) => {
    if (number === 1) first = data.slice();
    else {
      await answer(first);
      await answer(data);
    }
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 2,
    timeout: 200,
  });
  assertEquals([
    result.datagrams.lost,
    result.datagrams.late,
    result.messages_received,
  ], [1, 1, 1]);
  assertEquals(result.failure?.code, "loss");
});

Deno.test("measureUdp() counts a late answer that comes between two datagrams", async () => {
  const late = Promise.withResolvers<void>();
  let answerLate: (() => Promise<unknown>) | undefined;
  await using peer = new UdpPeer((data, answer) => {
    const copy = data.slice();
    if (answerLate === undefined) answerLate = () => answer(copy);
    else return answer(copy);
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 2,
    timeout: 100,
    detail: true,
    onEvent: async ({ event }) => {
      if (event === "lost") {
        await answerLate!();
        await late.promise;
      }
      if (event === "stray") late.resolve();
    },
  });
  assertEquals([result.datagrams.lost, result.datagrams.late], [1, 1]);
});

Deno.test("measureUdp() counts an answer that comes twice once", async () => {
  await using peer = new UdpPeer(async (data, answer, number) => {
    const copy = data.slice();
    await answer(copy);
    if (number === 1) await answer(copy);
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 3,
  });
  assertEquals([
    result.messages_received,
    result.datagrams.duplicates,
    result.datagrams.lost,
  ], [
    3,
    1,
    0,
  ]);
  assertEquals(result.passed, true);
});

Deno.test("measureUdp() resends the first datagram until it is answered", async () => {
  const port = freePort();
  const retried = Promise.withResolvers<void>();
  const echoing = measureUdp({
    hostname: HOST,
    port,
    size: 64,
    count: 2,
    retryFor: 10_000,
    onEvent: ({ event }) => void (event === "retry" && retried.resolve()),
  });
  await retried.promise;
  await using _ = serveUdp({ hostname: HOST, port });
  const result = await echoing;
  assertEquals(
    [result.passed, result.messages_received, result.datagrams.lost],
    [
      true,
      2,
      0,
    ],
  );
});

Deno.test("echoUdp() stops when its signal aborts, and still gives a result", async () => {
  const stop = new AbortController();
  await using peer = new UdpPeer(() => stop.abort());
  const result = await echoUdp({
    hostname: HOST,
    port: peer.port,
    payload: TEST,
    signal: stop.signal,
  });
  assertEquals([result.failure?.code, result.datagrams.lost], ["stopped", 0]);
});

Deno.test("measureUdp() measures each round trip", async () => {
  await using server = serveUdp({ hostname: HOST, port: 0 });
  const events: UdpClientEvent[] = [];
  const result = await measureUdp({
    hostname: HOST,
    port: server.addr.port,
    size: 200,
    count: 5,
    detail: true,
    onEvent: (event) => void events.push(event),
  });
  const delays = events.filter((event) => event.event === "received").map((e) =>
    e.rtt_us!
  );
  assertEquals(delays.length, 5);
  assertEquals([result.rtt_us?.min, result.rtt_us?.max], [
    Math.min(...delays),
    Math.max(...delays),
  ]);
});

Deno.test("measureUdp() sends from an address and port of its own", async () => {
  const local = freePort();
  const seen = new Set<string>();
  await using peer = new UdpPeer(async (datagram, answer, _, from) => {
    seen.add(`${from.hostname}:${from.port}`);
    await answer(datagram);
  });
  const result = await measureUdp({
    hostname: "127.0.0.1",
    port: peer.port,
    bind: { hostname: "127.0.0.1", port: local },
    size: 64,
    count: 3,
  });
  assertEquals(result.passed, true);
  assertEquals([...seen], [`127.0.0.1:${local}`]);
});
