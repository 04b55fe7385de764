/**
 * What the clients must not invent: sums that hold, losses where they belong,
 * times that are the path's, and nothing where nothing is known.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { expectation } from "../../cli/command_line/expectation.ts";
import {
  type DatagramResult,
  type IntervalEvent,
  type MeasureResult,
  measureTcp,
  measureUdp,
  type MeasureUdpOptions,
  serveTcp,
  serveUdp,
} from "../../mod.ts";
import { type RelayOptions, UdpRelay } from "../setup/relay.ts";
import { bytes } from "../setup/bytes.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { UdpPeer, UdpSocket } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";

const HOST = "127.0.0.1";

type UdpResult = MeasureResult & DatagramResult;

/** Measures through a relay; the intervals beside the result. */
async function overRelay(
  path: Omit<RelayOptions, "port">,
  options: Partial<MeasureUdpOptions>,
): Promise<{ result: UdpResult; intervals: IntervalEvent[] }> {
  await using server = serveUdp({ hostname: HOST, port: 0 });
  using relay = new UdpRelay({ port: server.addr.port, ...path });
  const intervals: IntervalEvent[] = [];
  const result = await measureUdp({
    hostname: HOST,
    port: relay.port,
    size: 64,
    timeout: 300,
    onEvent: (event) => {
      if (event.event === "interval") intervals.push(event);
    },
    ...options,
  });
  return { result, intervals };
}

/** The fate of the messages of a run. */
function fates(result: UdpResult) {
  const { messages_sent, messages_received } = result;
  const { lost, corrupted } = result.datagrams;
  const { in_flight } = result.measured;
  return { messages_sent, messages_received, lost, corrupted, in_flight };
}

function assertSum(result: UdpResult): void {
  const { messages_sent, messages_received, lost, corrupted, in_flight } =
    fates(result);
  assertEquals(
    messages_sent,
    messages_received + lost! + corrupted! + in_flight!,
    JSON.stringify(fates(result)),
  );
}

/** A discard server that reads so many bytes a second. */
function slowReader(bytesPerSecond: number): TcpPeer {
  const slice = 20;
  return new TcpPeer(async (conn) => {
    const buffer = new Uint8Array(bytesPerSecond * slice / 1000);
    const started = performance.now();
    for (let read = 0, length; (length = await conn.read(buffer)) !== null;) {
      read += length;
      const ahead = read / bytesPerSecond * 1000 -
        (performance.now() - started);
      if (ahead > 0) await new Promise((done) => setTimeout(done, ahead));
    }
    await conn.closeWrite();
  });
}

Deno.test("measureTcp() one way gives the throughput that the peer received, not what its own system buffered", async () => {
  const pace = 2_000_000;
  await using peer = slowReader(pace);
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: 200_000 },
    count: 5,
    service: "discard",
    expectations: [expectation("throughput>100MB/s")],
  });
  assertEquals(result.failure?.code, "expectation");
  const speed = result.measured.sent_bytes_per_second!;
  assert(speed > pace / 4 && speed < pace * 1.2, `${speed} bytes/s`);
});

Deno.test("measureTcp() one way waits for a peer that still reads what the kernels buffer", async () => {
  await using peer = slowReader(8_000_000);
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: 256 * 1024 },
    duration: 600,
    // Less than the peer needs for some megabytes of buffers, and more than it
    // needs to make room for the next message.
    timeout: 400,
    service: "discard",
  });
  assertEquals(result.failure, undefined);
});

Deno.test("measureTcp() one way goes on with a peer that reads slowly, though nothing shows that for longer than the timeout", async () => {
  await using peer = slowReader(8_000_000);
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: 256 * 1024 },
    duration: 600,
    timeout: 100,
    service: "discard",
  });
  assertEquals(result.failure, undefined);
});

Deno.test("measureTcp() one way waits for a peer that reads slowly what its own system took at once", async () => {
  const pace = 2_000_000;
  await using peer = slowReader(pace);
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: 256 * 1024 },
    count: 8,
    // The peer needs a second, of which nothing can be seen here.
    timeout: 600,
    service: "discard",
  });
  assertEquals(result.failure, undefined);
  const speed = result.measured.sent_bytes_per_second!;
  assert(speed > pace / 4 && speed < pace * 1.2, `${speed} bytes/s`);
});

Deno.test("measureTcp() one way gives no throughput for a peer that never closes", async () => {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  await using peer = new TcpPeer(() => over);
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: 1000 },
    count: 3,
    timeout: 200,
    service: "discard",
    expectations: [expectation("throughput>1B/s")],
  });
  resolve();
  assertEquals(result.failure?.code, "no-answer");
  assertEquals(
    [result.measured.sent_bytes_per_second, result.expectations?.[0].held],
    [undefined, false],
  );
});

Deno.test("measureTcp() one way counts the messages of each connection by themselves", async () => {
  await using server = serveTcp({
    hostname: HOST,
    port: 0,
    service: "discard",
  });
  const sent: [number, number][] = [];
  await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: { size: 100 },
    count: 6,
    connections: 2,
    interval: 5,
    service: "discard",
    detail: true,
    onEvent: (event) => {
      if (event.event !== "sent") return;
      sent.push([event.connection!, event.sequence!]);
    },
  });
  for (const connection of [1, 2]) {
    const own = sent.filter(([each]) => each === connection);
    assertEquals(own.map(([, sequence]) => sequence), [1, 2, 3]);
  }
});

Deno.test("measureUdp() leaves the fate of the warm-up's messages out of the result", async () => {
  let number = 0;
  await using peer = new UdpPeer(async (data, answer) => {
    const copy = data.slice();
    const index = ++number;
    await answer(copy);
    // All of the warm-up's answers come twice, and the first also damaged.
    if (index <= 40) await answer(copy);
    if (index === 1) await answer(new Uint8Array([1, ...copy.slice(1)]));
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    interval: 5,
    warmup: 100,
    count: 100,
  });
  assert(number > 100, `${number} in all`);
  const { duplicates, corrupted, reordered, late, strays } = result.datagrams;
  const { errors } = result.measured;
  // The warm-up is shorter than forty messages; what follows of those is measured.
  const measured = Math.max(40 - (number - 100), 0);
  assertEquals(
    { duplicates, corrupted, reordered, late, strays, errors },
    {
      duplicates: measured,
      corrupted: 0,
      reordered: 0,
      late: 0,
      strays: 0,
      errors: 0,
    },
  );
  assertSum(result);
});

const LOST = [3, 50, 51, 52, 200];
const DOUBLED = [1, 60, 61, 299, 300];
const SWAPPED = [10, 20, 150];
const CORRUPTED = new Map([[5, 40], [70, 0], [71, 5], [72, 9], [250, 63]]);

for (const rate of [undefined, 1000]) {
  const loop = rate === undefined
    ? "a closed loop of eight"
    : "an open loop at 1000/s";
  Deno.test(`measureUdp() counts what was lost, duplicated, reordered and corrupted, in ${loop}`, async () => {
    const { result } = await overRelay(
      { lose: LOST, double: DOUBLED, swap: SWAPPED, corrupt: CORRUPTED },
      // Not more in flight than sockets buffer, even if everything stands still.
      { count: 300, rate, pipeline: rate === undefined ? 8 : 100 },
    );
    assertEquals(
      {
        sent: result.messages_sent,
        received: result.messages_received,
        lost: result.datagrams.lost,
        late: result.datagrams.late,
        duplicates: result.datagrams.duplicates,
        reordered: result.datagrams.reordered,
        distance: result.datagrams.reordering_distance,
        corrupted: result.datagrams.corrupted,
        strays: result.datagrams.strays,
        errors: result.measured.errors,
      },
      {
        sent: 300,
        received: 300 - LOST.length - CORRUPTED.size,
        lost: LOST.length,
        late: 0,
        duplicates: DOUBLED.length,
        reordered: SWAPPED.length,
        distance: 1,
        corrupted: CORRUPTED.size,
        strays: 0,
        errors: 0,
      },
    );
    assertEquals(result.failure?.code, "difference");
  });
}

Deno.test("measureUdp() counts an answer after its timeout as lost and as late", async () => {
  const { result } = await overRelay(
    { delay: (number) => number === 20 ? 580 : 0 },
    { count: 60, rate: 100, timeout: 400 },
  );
  assertEquals([
    result.datagrams.lost,
    result.datagrams.late,
    result.messages_received,
  ], [
    1,
    1,
    59,
  ]);
});

for (const size of [12, 16, 64]) {
  Deno.test(`measureUdp() counts a message of ${size} bytes whose header was damaged once`, async () => {
    const corrupt = new Map(
      Array.from({ length: 24 }, (_, i) => [5 + 8 * i, i % 12]),
    );
    const { result } = await overRelay({ corrupt }, {
      count: 200,
      size,
      rate: 1000,
    });
    assertEquals(fates(result), {
      messages_sent: 200,
      messages_received: 176,
      lost: 0,
      corrupted: 24,
      in_flight: 0,
    });
    assertEquals(result.datagrams.duplicates, 0);
  });
}

Deno.test("measureUdp() has sums that hold, over a relay with every fault at once", async () => {
  const some = (most: number) =>
    fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: most });
  const path = fc.record({
    lose: some(10),
    double: some(10),
    swap: some(6),
    corrupt: fc.array(
      fc.tuple(fc.integer({ min: 1, max: 150 }), fc.nat(19)),
      { maxLength: 10 },
    ),
    delayed: some(10),
    pipeline: fc.constantFrom(1, 4, undefined),
  });
  // They wait most of the time, so they all run at once.
  const paths = fc.array(path, { minLength: 8, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(paths, async (all) => {
      await Promise.all(all.map(async ({ corrupt, delayed, ...others }) => {
        const { pipeline, ...faults } = others;
        const { result, intervals } = await overRelay({
          ...faults,
          corrupt: new Map(corrupt),
          delay: (number) => delayed.includes(number) ? 90 : 0,
        }, {
          size: 20,
          count: 120,
          timeout: 60,
          pipeline,
          rate: pipeline === undefined ? 2000 : undefined,
        });
        assertSum(result);
        assertEquals([result.messages_sent, result.measured.in_flight], [
          120,
          0,
        ]);
        assertAddUp(intervals, result);
      }));
    }),
    { numRuns: 1 },
  );
});

/** Whether all intervals of a run add up to its result. */
function assertAddUp(
  intervals: IntervalEvent[],
  result: UdpResult,
): void {
  const names = [
    "messages_sent",
    "messages_received",
    "bytes_sent",
    "bytes_received",
    "lost",
  ] as const;
  const totals = { ...result, lost: result.datagrams.lost };
  for (const name of names) {
    const sum = intervals.reduce((all, each) => all + each[name]!, 0);
    assertEquals(sum, totals[name], name);
  }
}

Deno.test("measureUdp() counts a loss in the interval in which the message was sent", async () => {
  // All that is sent from the middle of the second second on is lost.
  const lose = Array.from({ length: 100 }, (_, i) => 151 + i);
  const { result, intervals } = await overRelay({ lose }, {
    rate: 100,
    duration: 2000,
    timeout: 1200,
  });
  assertEquals(result.datagrams.lost, 50);
  assertAddUp(intervals, result);
  for (const { lost, messages_sent } of intervals) {
    assert(lost! <= messages_sent, `${lost} of ${messages_sent}`);
  }
  const [first, second] = intervals;
  assertEquals(first.lost, 0);
  assert(second.lost! > 45, `${second.lost} of ${second.messages_sent}`);
});

Deno.test("measureUdp() counts all late answers that the end can wait for", async () => {
  const answers: (() => Promise<unknown>)[] = [];
  await using peer = new UdpPeer((data, answer) => {
    const copy = data.slice();
    answers.push(() => answer(copy));
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    rate: 400,
    count: 100,
    timeout: 100,
    detail: true,
    onEvent: (event) => {
      // Longer after the timeout than the end waits where nothing came late.
      if (event.event !== "lost") return;
      const answer = answers[event.sequence! - 1];
      setTimeout(() => answer().catch(() => {}), 150);
    },
  });
  const { lost, late, late_is_lower_bound } = result.datagrams;
  assertEquals([lost, late, late_is_lower_bound], [100, 100, undefined]);
});

Deno.test("measureUdp() gives late answers as a lower bound where more may come", async () => {
  const { result } = await overRelay({ lose: [3] }, { count: 5, timeout: 100 });
  assertEquals(
    [
      result.datagrams.lost,
      result.datagrams.late,
      result.datagrams.late_is_lower_bound,
    ],
    [1, 0, true],
  );
});

Deno.test("measureUdp() does not count the wait for duplicates in the run's duration", async () => {
  await using peer = new UdpPeer((data, answer) => {
    const copy = data.slice();
    for (const delay of [200, 250]) setTimeout(() => answer(copy), delay);
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 1,
  });
  assertEquals(result.datagrams.duplicates, 1);
  // The wait is twice as long as the round trip.
  const wait = 2 * result.rtt_us!.max;
  assert(
    result.duration_us < result.rtt_us!.max + wait / 2,
    `${result.duration_us} us for ${result.rtt_us!.max} us of a round trip`,
  );
});

Deno.test("measureUdp() counts second answers to the last interval, and does not make it longer", async () => {
  await using peer = new UdpPeer((data, answer) => {
    const copy = data.slice();
    for (const delay of [200, 250]) setTimeout(() => answer(copy), delay);
  });
  const intervals: IntervalEvent[] = [];
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 1,
    onEvent: (event) => {
      if (event.event === "interval") intervals.push(event);
    },
  });
  assertEquals([result.datagrams.duplicates, intervals.length], [1, 1]);
  const [{ interval_us, bytes_received }] = intervals;
  assertEquals(bytes_received, result.bytes_received);
  // The wait for them is twice as long as the round trip.
  const wait = 2 * result.rtt_us!.max;
  assert(interval_us < result.duration_us + wait / 2, `${interval_us} us`);
});

Deno.test("measureUdp() says what is wrong with a character generator that answers with too much", async () => {
  await using peer = new UdpPeer((_, answer) => answer(new Uint8Array(1024)));
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 3,
    service: "chargen",
  });
  assertEquals(
    result.failure?.message,
    "3 answers with more than the 512 bytes of RFC 864",
  );
});

Deno.test("measureUdp() counts a datagram that answers nothing apart from its messages", async () => {
  await using peer = new UdpPeer(async (data, answer) => {
    await answer(bytes("who are you?"));
    return answer(data);
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 4,
  });
  assertEquals(fates(result), {
    messages_sent: 4,
    messages_received: 4,
    lost: 0,
    corrupted: 0,
    in_flight: 0,
  });
  assertEquals(result.datagrams.strays, 4);
});

Deno.test("measureTcp() counts what was in flight when the run was stopped", async () => {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  await using peer = new TcpPeer(async (conn) => {
    await conn.read(new Uint8Array(100));
    await over;
  });
  const stop = new AbortController();
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: 64 },
    count: 10,
    pipeline: 3,
    detail: true,
    signal: stop.signal,
    onEvent: (event) => {
      if (event.event === "sent" && event.sequence === 3) stop.abort();
    },
  });
  resolve();
  assertEquals(
    [
      result.messages_sent,
      result.messages_received,
      result.measured.in_flight,
    ],
    [3, 0, 3],
  );
});

/** When a run is stopped. */
const MOMENTS = ["while warming up", "while measuring", "before it begins"];

for (const service of ["echo", "discard", "chargen"] as const) {
  for (const transport of ["TCP", "UDP"] as const) {
    for (const moment of MOMENTS) {
      for (const isEndless of [true, false]) {
        const end = isEndless ? "without an end" : "with an end";
        Deno.test(`a ${service} run ${end} over ${transport} stops in order ${moment}`, async () => {
          const stop = new AbortController();
          if (moment === "before it begins") stop.abort();
          let pieces = 0;
          const options = {
            hostname: HOST,
            port: 0,
            service,
            detail: true,
            onEvent: ({ event }: { event: string }) => {
              const isPiece = event === "datagram" || event.includes("chunk-");
              if (isPiece && ++pieces === 3) stop.abort();
            },
          };
          await using server = transport === "TCP"
            ? serveTcp(options)
            : serveUdp(options);
          const run = {
            hostname: HOST,
            port: server.addr.port,
            service,
            warmup: moment === "while warming up" ? 60_000 : undefined,
            duration: isEndless ? undefined : 60_000,
            rate: transport === "TCP" && service === "chargen"
              ? undefined
              : 200,
            timeout: 1000,
            signal: stop.signal,
          };
          const result = await (transport === "TCP"
            ? measureTcp({ ...run, payload: { size: 64 } })
            : measureUdp({ ...run, size: 64 }))
            .catch((error) => ({ failure: error }));
          const isJudged = isEndless && moment === "while measuring";
          assertEquals(result.failure?.code, isJudged ? undefined : "stopped");
        });
      }
    }
  }
}

Deno.test("measureUdp() with retryFor stops in order while nobody answers", async () => {
  using nobody = new UdpSocket();
  const stop = new AbortController();
  const result = await measureUdp({
    hostname: HOST,
    port: nobody.port,
    size: 64,
    interval: 10,
    retryFor: 60_000,
    signal: stop.signal,
    onEvent: ({ event }) => {
      if (event === "retry") stop.abort();
    },
  });
  assertEquals(result.failure?.code, "stopped");
});

Deno.test("echoes that arrived while the client stood still are not a timeout", async () => {
  let answered = false;
  await using peer = new UdpPeer(async (data, answer) => {
    await answer(data);
    answered = true;
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    count: 1,
    timeout: 100,
    detail: true,
    onEvent: ({ event }) => {
      if (event !== "sent") return;
      // As when the process is stopped: nothing runs for longer than the timeout.
      const until = performance.now() + 400;
      while (performance.now() < until);
    },
  });
  await until(() => answered, "the answer");
  assertEquals([result.passed, result.datagrams.lost], [true, 0]);
});
