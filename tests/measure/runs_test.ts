/**
 * What measuring runs do beyond one message after the other.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  EchosounderError,
  type IntervalEvent,
  measureTcp,
  measureUdp,
  type RunInProgress,
  serveTcp,
  type ServeTcpOptions,
  serveUdp,
  type TcpClientEvent,
  type TcpSummary,
} from "../../mod.ts";
import { expectation } from "../../cli/command_line/expectation.ts";
import type { DelayCount } from "../../measure/histogram.ts";
import { bytes, read, writeAll } from "../setup/bytes.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { UdpPeer } from "../setup/udp_peer.ts";

const HOST = "127.0.0.1";
const payload = { size: 64 };

function serve(options: ServeTcpOptions = {}) {
  return serveTcp({ hostname: HOST, port: 0, ...options });
}

Deno.test("measureTcp() shares the messages among its connections", async () => {
  await using server = serve();
  const { port } = server.addr;
  const result = await measureTcp({
    hostname: HOST,
    port,
    payload,
    count: 1000,
    connections: 20,
  });
  await server.shutdown();
  const summary = await server.finished as TcpSummary;
  assertEquals(
    [result.passed, result.messages_received, result.rtt_us?.count],
    [true, 1000, 1000],
  );
  assertEquals([summary.connections.accepted, summary.bytes_received], [
    20,
    64_000,
  ]);
});

Deno.test("measureTcp() has as many messages in flight as pipeline allows, and no more", async () => {
  let most = 0;
  await using peer = new TcpPeer(async (conn) => {
    const buffer = new Uint8Array(4096);
    let owed = 0;
    for (let length; (length = await conn.read(buffer)) !== null;) {
      owed += length;
      most = Math.max(most, owed);
      if (owed < 5 * 64) continue;
      await writeAll(conn, buffer.subarray(0, length));
      owed = 0;
    }
  });
  // The peer answers nothing until five messages are there.
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload,
    count: 5,
    pipeline: 5,
  });
  assertEquals([result.passed, most], [true, 320]);
  const stuck = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload,
    count: 5,
    pipeline: 4,
    timeout: 100,
  });
  assertEquals([stuck.failure?.code, stuck.messages_sent], ["no-answer", 4]);
});

Deno.test("measureTcp() does not deadlock with a peer that reads nothing until it has written", async () => {
  await using server = serve({ readAhead: 0 });
  const { port } = server.addr;
  const result = await measureTcp({
    hostname: HOST,
    port,
    payload: { size: 3_000_000 },
    count: 20,
    pipeline: 4,
  });
  assertEquals([result.passed, result.bytes_received], [true, 60_000_000]);
});

Deno.test("measureTcp() sends to a discard server, one way", async () => {
  await using server = serve({ service: "discard" });
  const { port } = server.addr;
  const result = await measureTcp({
    hostname: HOST,
    port,
    payload: { size: 100_000 },
    count: 50,
    connections: 2,
    service: "discard",
    expectations: [expectation("throughput>1kB/s")],
  });
  await server.shutdown();
  const summary = await server.finished as TcpSummary;
  assertEquals(
    [result.passed, result.bytes_sent, result.bytes_received, result.rtt_us],
    [true, 5_000_000, 0, undefined],
  );
  assertEquals(summary.bytes_received, 5_000_000);
  assert(result.measured.sent_bytes_per_second! > 0);
});

Deno.test("measureTcp() fails against a discard server that answers", async () => {
  await using server = serve();
  const result = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload,
    count: 1,
    service: "discard",
  });
  assertEquals(result.failure?.code, "difference");
});

Deno.test("measureTcp() receives from a character generator, one way", async () => {
  await using server = serve({ service: "chargen" });
  const result = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload,
    duration: 100,
    service: "chargen",
  });
  assertEquals([result.passed, result.bytes_sent, result.messages_sent], [
    true,
    0,
    0,
  ]);
  assert(result.bytes_received > 100_000, `${result.bytes_received}`);
});

Deno.test("measureTcp() gives up on a character generator that sends nothing", async () => {
  await using server = serve();
  const result = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload,
    service: "chargen",
    duration: 60_000,
    timeout: 100,
  });
  assertEquals(result.failure?.code, "no-answer");
});

Deno.test("measureTcp() goes on with the other connections when one fails", async () => {
  let accepted = 0;
  await using peer = new TcpPeer(async (conn) => {
    const isBroken = ++accepted === 2;
    for (;;) {
      const message = await read(conn, 64);
      if (message.length === 0 || isBroken) break;
      await writeAll(conn, message);
    }
  });
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload,
    count: 300,
    connections: 3,
  });
  assertEquals([result.passed, result.measured.errors], [false, 1]);
  assertEquals(result.failure?.code, "closed-early");
  assert(
    result.failure!.message.startsWith("1 of 3 connections failed"),
    result.failure!.message,
  );
  assertEquals(result.messages_received, 299);

  accepted = 0;
  const excused = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload,
    count: 300,
    connections: 3,
    expectations: [expectation("errors<=1")],
  });
  assertEquals([excused.passed, excused.measured.errors], [true, 1]);
});

Deno.test("measureTcp() never excuses a wrong byte", async () => {
  await using peer = new TcpPeer(async (conn) => {
    while ((await read(conn, 64)).length > 0) {
      await writeAll(conn, bytes("?".repeat(64)));
    }
  });
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload,
    count: 2,
    connections: 2,
    expectations: [expectation("errors<=2")],
  });
  assertEquals([result.passed, result.failure?.code], [false, "difference"]);
});

for (const rate of [undefined, 1000]) {
  const loop = rate === undefined ? "closed" : "open";
  Deno.test(`measureTcp() in a ${loop} loop calls onDelays with its delays, and encodes none`, async () => {
    await using server = serve();
    const taken: [delay: number, count: number][] = [];
    const { rtt_us, measured } = await measureTcp({
      hostname: HOST,
      port: server.addr.port,
      payload,
      count: 50,
      rate,
      onDelays: (counts) => void taken.push(...counts),
    });
    const inOrder = taken.flatMap(([delay, count]) =>
      Array<number>(count).fill(delay)
    );
    assertEquals([inOrder.length, rtt_us?.count], [50, 50]);
    assertEquals(inOrder[24], rtt_us?.p50);
    assertEquals(
      [rtt_us?.histogram, measured.rtt_from_sending_us?.histogram],
      [undefined, undefined],
    );
  });
}

Deno.test("measureTcp() leaves the warm-up out of its result", async () => {
  await using server = serve();
  const events: TcpClientEvent[] = [];
  const result = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload,
    warmup: 100,
    count: 10,
    onEvent: (event) => void events.push(event),
  });
  assertEquals([result.messages_received, result.rtt_us?.count], [10, 10]);
  assert(result.measured.warmup!.messages_received > 10);
  assertEquals(result.measured.warmup!.rtt_us?.histogram, undefined);
  const intervals = events.filter((event) => event.event === "interval");
  assertEquals(sum(intervals.filter(({ warmup }) => !warmup)), 10);
  assertEquals(
    sum(intervals.filter(({ warmup }) => warmup)),
    result.measured.warmup!.messages_received,
  );
});

/** Messages that came back in some intervals. */
function sum(intervals: IntervalEvent[]): number {
  return intervals.reduce((all, each) => all + each.messages_received, 0);
}

Deno.test("measureTcp() emits an interval for every second, and nothing is missing between them", async () => {
  await using server = serve();
  const events: TcpClientEvent[] = [];
  const result = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload,
    rate: 500,
    duration: 2200,
    onEvent: (event) => void events.push(event),
  });
  const intervals = events.filter((event) => event.event === "interval");
  assertEquals(intervals.length, 3);
  assertEquals(sum(intervals), result.messages_received);
  assertEquals(
    intervals.reduce((all, { rtt_us }) => all + rtt_us!.count, 0),
    result.rtt_us!.count,
  );
});

Deno.test("measureTcp() emits the options that it was started with", async () => {
  await using server = serve();
  const { port } = server.addr;
  const events: TcpClientEvent[] = [];
  await measureTcp({
    hostname: HOST,
    port,
    payload,
    rate: 100,
    count: 3,
    connections: 2,
    onEvent: (event) => void events.push(event),
  });
  const started = events.find((event) => event.event === "started")!;
  assertEquals(
    [started.peer_port, started.size, started.connections],
    [port, 64, 2],
  );
  assertEquals([started.rate_per_second, started.count], [100, 3]);
});

Deno.test("measureTcp() refuses to start with some of its connections only", async () => {
  await using server = serve();
  const { port } = server.addr;
  let opened = 0;
  const error = await assertRejects(
    () =>
      measureTcp({
        hostname: HOST,
        port,
        payload,
        count: 10,
        connections: 3,
        onEvent: ({ event }) => {
          // The others find nobody there.
          if (event === "connected" && opened++ === 0) server.shutdown();
        },
        connectTimeout: 500,
      }),
    EchosounderError,
  );
  assertEquals((error as EchosounderError).code, "cannot-connect");
});

Deno.test("measureUdp() sends from several sockets, and each is answered", async () => {
  await using server = serveUdp({ hostname: HOST, port: 0 });
  const result = await measureUdp({
    hostname: HOST,
    port: server.addr.port,
    size: 1000,
    count: 200,
    connections: 10,
    pipeline: 2,
  });
  assertEquals(
    [result.passed, result.messages_received, result.datagrams.reordered],
    [true, 200, 0],
  );
});

Deno.test("measureUdp() sends to a discard server, and claims nothing about what arrived", async () => {
  await using server = serveUdp({
    hostname: HOST,
    port: 0,
    service: "discard",
  });
  const result = await measureUdp({
    hostname: HOST,
    port: server.addr.port,
    size: 1,
    count: 20,
    rate: 1000,
    service: "discard",
  });
  assertEquals([result.passed, result.messages_sent], [true, 20]);
  assertEquals(result.measured.arrival, "unknown");
  const { strays, ...ofAnswers } = result.datagrams;
  assertEquals(strays, 0);
  assert(Object.values(ofAnswers).every((count) => count === undefined));
});

Deno.test("measureUdp() accepts any answer from a character generator", async () => {
  await using server = serveUdp({
    hostname: HOST,
    port: 0,
    service: "chargen",
  });
  const result = await measureUdp({
    hostname: HOST,
    port: server.addr.port,
    size: 1,
    count: 20,
    service: "chargen",
  });
  assertEquals([result.passed, result.messages_received], [true, 20]);
  // Which message an answer is to, nothing shows: so nothing is said of order.
  assertEquals(result.datagrams, { lost: 0, corrupted: 0, strays: 0 });
});

Deno.test("measureUdp() finds answers that are truncated, lengthened or invented", async () => {
  await using peer = new UdpPeer((data, answer, number) => {
    if (number === 1) return answer(data.subarray(0, 40));
    if (number === 2) return answer(new Uint8Array([...data, 0]));
    if (number === 3) return answer(bytes("what?"));
    return answer(data);
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 10,
    timeout: 200,
  });
  assertEquals(
    [
      result.datagrams.corrupted,
      result.datagrams.lost,
      result.messages_received,
    ],
    [3, 0, 7],
  );
});

/** The part of an event that a test reads. */
type AnyEvent = { event: string };

for (
  const [name, measureOne] of [
    [
      "measureTcp()",
      (port: number, signal: AbortSignal, onEvent: (event: AnyEvent) => void) =>
        measureTcp({
          hostname: HOST,
          port,
          payload,
          rate: 200,
          detail: true,
          signal,
          onEvent,
        }),
    ],
    [
      "measureUdp()",
      (port: number, signal: AbortSignal, onEvent: (event: AnyEvent) => void) =>
        measureUdp({
          hostname: HOST,
          port,
          size: 64,
          rate: 200,
          detail: true,
          signal,
          onEvent,
        }),
    ],
  ] as const
) {
  Deno.test(`${name} without an end is ended by its signal, and judged by what it measured`, async () => {
    await using server = name === "measureTcp()"
      ? serve()
      : serveUdp({ hostname: HOST, port: 0 });
    const stop = new AbortController();
    let received = 0;
    const result = await measureOne(
      server.addr.port,
      stop.signal,
      ({ event }) => {
        if (event === "received" && ++received === 6) stop.abort();
      },
    );
    assertEquals([result.passed, result.failure], [true, undefined]);
    assert(result.messages_received >= 6, `${result.messages_received}`);
    assertEquals(result.messages_received, result.messages_sent);
  });
}

Deno.test("onRun hands out a view of the run, whose distribution is that of its delays", async () => {
  await using server = serve();
  let view: RunInProgress | undefined;
  let delays: DelayCount[] = [];
  const result = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload,
    count: 500,
    onRun: (run) => {
      assertEquals([run.counts(), run.distribution([1])], [
        undefined,
        undefined,
      ]);
      view = run;
    },
    onDelays: (counts) => delays = counts,
  });
  const limits = [1, 50, 70, 100, 150, 1000, 3000, 60_000_000];
  const { within, count, sum } = view!.distribution(limits)!;
  const expected = limits.map((limit) =>
    delays.reduce((sum, [delay, n]) => delay <= limit ? sum + n : sum, 0)
  );
  assertEquals(within, expected);
  assertEquals([count, within.at(-1)], [500, 500]);
  assert(Math.abs(sum / count - result.rtt_us!.mean) < 0.1, `${sum}`);
  const counts = view!.counts()!;
  assertEquals(
    [counts.messages_sent, counts.bytes_received, counts.unsent],
    [500, 500 * 64, 0],
  );
});
