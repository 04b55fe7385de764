/**
 * What STAMP says about each way of a path, held against a relay that impairs each
 * way by itself.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type DatagramResult,
  type IntervalEvent,
  type MeasureResult,
  measureUdp,
  type MeasureUdpOptions,
  serveUdp,
} from "../../mod.ts";
import { type Faults, UdpRelay } from "../setup/relay.ts";
import { StampPeer, type StampPeerOptions } from "../setup/stamp_peer.ts";
import { UdpPeer, UdpSocket } from "../setup/udp_peer.ts";

const HOST = "127.0.0.1";

type StampResult = MeasureResult & DatagramResult;

/** A test's reflector, or our own. */
function reflectorOf(options: StampPeerOptions | "ours") {
  if (options !== "ours") return new StampPeer(options);
  const server = serveUdp({ hostname: HOST, port: 0, service: "stamp" });
  return {
    port: server.addr.port,
    sequences: [],
    [Symbol.dispose]: () => void server.shutdown(),
  };
}

/** Measures against a reflector, through a relay. */
async function overRelay(
  { out = {}, back = {} }: { out?: Faults; back?: Faults },
  options: Partial<MeasureUdpOptions> = {},
  reflector: StampPeerOptions | "ours" = {},
): Promise<
  { result: StampResult; intervals: IntervalEvent[]; sequences: number[] }
> {
  using peer = reflectorOf(reflector);
  using relay = new UdpRelay({ port: peer.port, ...back, out });
  const intervals: IntervalEvent[] = [];
  const result = await measureUdp({
    hostname: HOST,
    port: relay.port,
    service: "stamp",
    size: 44,
    count: 300,
    timeout: 400,
    pipeline: 8,
    onEvent: (event) => {
      if (event.event === "interval") intervals.push(event);
    },
    ...options,
  });
  return { result, intervals, sequences: peer.sequences };
}

/** The counts of both ways. */
function countsOf({ directions, datagrams }: StampResult) {
  const { out, back, lost_unknown } = directions!;
  return {
    lost: [out.lost, back.lost, lost_unknown],
    duplicates: [out.duplicates, back.duplicates],
    reordered: [out.reordered, back.reordered],
    all: [datagrams.lost, datagrams.duplicates],
  };
}

const OUT = { lose: [3, 50, 51, 200], double: [60, 61], swap: [10, 20] };
const BACK = { lose: [5, 90, 91, 92], double: [100], swap: [150, 160, 170] };

Deno.test("STAMP's losses, copies and swaps on each way come out as exactly those", async () => {
  for (const reflector of [{}, "ours"] as const) {
    const { result } = await overRelay({ out: OUT, back: BACK }, {}, reflector);
    assertEquals(countsOf(result), {
      lost: [4, 4, 0],
      duplicates: [2, 1],
      reordered: [2, 3],
      all: [8, 3],
    });
    assertEquals(result.directions!.notes, []);
  }
});

Deno.test("STAMP's losses on one way alone come out on that way, also those of the last messages", async () => {
  const lose = [7, 8, 100, 299, 300];
  for (
    const [faults, lost] of [
      [{ out: { lose } }, [5, 0, 0]],
      [{ back: { lose } }, [0, 5, 0]],
    ] as const
  ) {
    for (const reflector of [{}, "ours"] as const) {
      const { result } = await overRelay(faults, {}, reflector);
      assertEquals(countsOf(result).lost, lost);
    }
  }
});

Deno.test("STAMP's losses of an open loop at 1000/s come out, and each in the second in which it was sent", async () => {
  const { result, intervals } = await overRelay(
    { out: { lose: [100, 1200, 1201] }, back: { lose: [300, 1300] } },
    { rate: 1000, count: 1500, pipeline: 100 },
  );
  assertEquals(countsOf(result).lost, [3, 2, 0]);
  const sum = (way: "out" | "back") =>
    intervals.reduce((all, { directions }) => {
      return all + (directions?.[way].lost ?? NaN);
    }, 0);
  assertEquals([sum("out"), sum("back")], [3, 2]);
});

Deno.test("a delay on the way out shows in the variation out alone, and the other way round", async () => {
  const delay = (number: number) => number % 10 === 0 ? 30 : 0;
  for (const way of ["out", "back"] as const) {
    const other = way === "out" ? "back" : "out";
    const { result } = await overRelay(
      { [way]: { delay } },
      { count: 200, interval: 4, pipeline: undefined },
      { ahead: () => -86_400_000 },
    );
    const { directions } = result;
    const p99 = directions![way].variation_us!.p99!;
    assert(p99 >= 29_000, `${p99} µs`);
    const apart = directions![way].variation_us!.mean -
      directions![other].variation_us!.mean;
    assert(apart > 1500, `${apart} µs apart`);
    const { offset_us, bound_us } = directions!.clock!;
    assert(Math.abs(offset_us + 86_400e6) <= bound_us + 2000, `${offset_us}`);
  }
});

Deno.test("a reflector that stands still shows in its own time, and not in the path", async () => {
  const { result } = await overRelay(
    {},
    { count: 60, interval: 5, pipeline: undefined, timeout: 3000 },
    { hold: (packet) => packet === 30 ? 1000 : 0 },
  );
  const { reflector_us, out, back } = result.directions!;
  assert(reflector_us!.max >= 990_000, `${reflector_us!.max} µs`);
  for (
    const delays of [out.variation_us!, back.variation_us!, result.rtt_us!]
  ) {
    assert(delays.max < 500_000, `${delays.max} µs`);
  }
});

Deno.test("against a stateless reflector, losses and swaps each way are absent and not 0", async () => {
  const lossy = { out: { lose: [10, 11] }, back: { lose: [20] } };
  for (const [faults, lost] of [[lossy, 3], [{}, 0]] as const) {
    const { result } = await overRelay(faults, {}, {
      number: (_, senderSequence) => senderSequence,
    });
    const { out, back, lost_unknown, notes } = result.directions!;
    assertEquals(
      [out.lost, back.lost, out.reordered, back.reordered, lost_unknown],
      [undefined, undefined, undefined, undefined, lost],
    );
    assert(notes[0].includes("stateless"), notes[0]);
    assert(out.variation_us !== undefined);
  }
});

Deno.test("a reflector that is restarted, or whose clock is set, is noticed", async () => {
  const restarted = await overRelay({}, {}, {
    number: (packet) => (packet - 1) % 150,
  });
  assertEquals(restarted.result.datagrams.lost, 0);
  assert(
    restarted.result.directions!.notes.some((note) =>
      note.includes("began again to count")
    ),
  );
  const stepped = await overRelay({}, {}, {
    ahead: (packet) => packet < 150 ? 0 : 60_000,
  });
  const { clock, out } = stepped.result.directions!;
  assertEquals(clock!.steps, 1);
  assert(out.variation_us!.max < 1e6, `${out.variation_us!.max} µs`);
});

Deno.test("delays each way are absolute only where both clocks are said to be synchronized, and agree", async () => {
  const synchronized = (scale: number) => ({
    synchronized: true,
    format: "PTPv2" as const,
    scale,
    multiplier: 1,
  });
  const run = (
    clockSynchronized: boolean,
    reflector: StampPeerOptions,
  ) =>
    overRelay(
      { out: { delay: () => 5 }, back: { delay: () => 5 } },
      { count: 50, stamp: { clockSynchronized } },
      reflector,
    );
  const both = await run(true, { errorEstimate: synchronized(20) });
  const { out, back, clock } = both.result.directions!;
  for (const { delay_us } of [out, back]) {
    assert(delay_us!.min >= 3000, `${delay_us?.min} µs`);
    assert(delay_us!.p50! < 100_000);
  }
  assert(clock!.error_us! > 0);

  const peerAlone = await run(false, { errorEstimate: synchronized(20) });
  assertEquals(peerAlone.result.directions!.out.delay_us, undefined);
  const ownAlone = await run(true, {});
  assertEquals(ownAlone.result.directions!.out.delay_us, undefined);
  const apart = await run(true, {
    errorEstimate: synchronized(20),
    ahead: () => -500,
  });
  assertEquals(apart.result.directions!.out.delay_us, undefined);
  assert(
    apart.result.directions!.notes.some((note) => note.includes("way out")),
    apart.result.directions!.notes.join(),
  );
});

Deno.test("measureUdp() numbers from 0, asks once at the end with a number that is skipped, and pads as it was asked to", async () => {
  const sizes = new Set<number>();
  const { sequences, result } = await overRelay({}, { count: 20, size: 200 }, {
    change: (answer) => {
      sizes.add(answer.length);
      return answer;
    },
  });
  assertEquals(sequences, [...Array.from({ length: 20 }, (_, i) => i), 21]);
  assertEquals([...sizes], [200]);
  assert(result.passed);
});

Deno.test("measureUdp() understands the replies of TWAMP Light, of 38 and 41 bytes and with padding", async () => {
  for (const length of [38, 41, 44, 60]) {
    const { result } = await overRelay({}, { count: 20 }, {
      change: (answer) => {
        const changed = new Uint8Array(length);
        changed.set(answer.subarray(0, Math.min(length, 44)));
        // It knows no session identifier.
        changed.fill(0, 14, 16);
        return changed;
      },
    });
    assertEquals(
      [result.passed, result.messages_received],
      [true, 20],
      `${length} bytes`,
    );
  }
});

Deno.test("measureUdp() counts a reply that is too short, or repeats another timestamp, as corrupted", async () => {
  const { result } = await overRelay({}, { count: 50, pipeline: 1 }, {
    change: (answer, packet) => {
      if (packet === 10) return answer.subarray(0, 37);
      if (packet === 20) answer[30] ^= 1;
      return answer;
    },
  });
  assertEquals(
    [result.datagrams.corrupted, result.messages_received],
    [2, 48],
  );
  assertEquals(result.failure?.code, "difference");
});

Deno.test("measureUdp() in authenticated mode believes no reply whose HMAC is wrong", async () => {
  const key = new TextEncoder().encode("a key that both sides have");
  const options = { size: 112, stamp: { key }, count: 50, pipeline: 1 };
  const intact = await overRelay({}, options, { key });
  assertEquals([intact.result.passed, countsOf(intact.result).lost], [
    true,
    [0, 0, 0],
  ]);
  const damaged = await overRelay({}, options, {
    key,
    change: (answer, packet) => {
      if (packet % 10 === 0) answer[40] ^= 1;
      return answer;
    },
  });
  assertEquals(
    [damaged.result.datagrams.corrupted, damaged.result.messages_received],
    [5, 45],
  );
});

Deno.test("measureUdp() with STAMP says that nobody answers, and waits for one who will", async () => {
  using nobody = new UdpSocket();
  const options = {
    hostname: HOST,
    service: "stamp",
    size: 44,
    count: 3,
    interval: 10,
    timeout: 100,
  } as const;
  const unanswered = await measureUdp({ ...options, port: nobody.port });
  assertEquals(unanswered.failure?.code, "no-answer");
  assertEquals(unanswered.directions!.out.lost, undefined);
  assertEquals(unanswered.directions!.lost_unknown, 3);

  using peer = new StampPeer();
  let received = 0;
  await using late = new UdpPeer(async (data, answer) => {
    // Deaf to the first two.
    if (++received <= 2) return;
    using socket = new UdpSocket();
    const copy = data.slice();
    await socket.send(copy, peer.port);
    await answer(await socket.receive());
  });
  const waited = await measureUdp({
    ...options,
    port: late.port,
    timeout: 1000,
    retryFor: 10_000,
  });
  assertEquals(waited.messages_received, 3);
});

Deno.test("measureUdp() refuses sizes that no packet of STAMP has", async () => {
  for (const [size, key] of [[43], [45], [47], [111, new Uint8Array(8)]]) {
    let message = "";
    await measureUdp({
      hostname: HOST,
      service: "stamp",
      size: size as number,
      stamp: { key: key as Uint8Array | undefined },
      count: 1,
    }).catch((error) => message = error.message);
    assert(message.includes(`${size} bytes`), message);
  }
});

Deno.test("STAMP's warm-up is in no figure of either way", async () => {
  let packets = 0;
  const { result } = await overRelay(
    { out: { lose: [2, 3, 4] } },
    {
      count: 100,
      warmup: 800,
      interval: 5,
      pipeline: undefined,
      timeout: 100,
    },
    { hold: () => ++packets < 5 ? 50 : 0 },
  );
  assertEquals(countsOf(result).lost, [0, 0, 0]);
  assert(result.measured.warmup!.lost! >= 1);
  assertEquals(result.directions!.reflector_us!.count, 100);
});

Deno.test("STAMP from several sockets numbers each by itself, and asks for each", async () => {
  using peer = new StampPeer({
    number: (_, senderSequence) => senderSequence,
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    service: "stamp",
    size: 44,
    count: 40,
    connections: 4,
  });
  assertEquals(countsOf(result).lost, [undefined, undefined, 0]);
  assertEquals(peer.sequences.filter((each) => each === 0).length, 4);
});

Deno.test("lost is always out, back and unknown, over a relay with every fault at once on each way", async () => {
  const some = (most: number) =>
    fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: most });
  const faults = fc.record({
    lose: some(10),
    double: some(10),
    swap: some(6),
    delayed: some(10),
  });
  const paths = fc.array(fc.tuple(faults, faults), {
    minLength: 6,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(paths, async (all) => {
      await Promise.all(all.map(async (ways) => {
        const [out, back] = ways.map(({ delayed, ...others }) => ({
          ...others,
          delay: (number: number) => delayed.includes(number) ? 90 : 0,
        }));
        const { result } = await overRelay({ out, back }, {
          count: 120,
          timeout: 60,
        });
        const { directions, datagrams } = result;
        assertEquals(
          datagrams.lost,
          (directions!.out.lost ?? 0) + (directions!.back.lost ?? 0) +
            directions!.lost_unknown,
        );
        assert(directions!.lost_unknown >= 0);
      }));
    }),
    { numRuns: 1 },
  );
});
