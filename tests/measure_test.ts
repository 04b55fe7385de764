import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { EchoCheck, firstDifference } from "../measure/echo_check.ts";
import { expectation } from "../cli/expectation.ts";
import { judgeExpectations } from "../measure/expectations.ts";
import { Histogram } from "../measure/histogram.ts";
import type { DelaySummary } from "../mod.ts";
import { paced } from "../measure/pace.ts";
import { MessageSource } from "../measure/payload.ts";
import { pattern, patternPieces } from "../measure/pattern.ts";
import { mergeDelays, RoundTrips } from "../measure/round_trips.ts";
import { bytes } from "./setup.ts";

Deno.test("firstDifference() finds the place, whatever the sizes", () => {
  assertEquals(firstDifference(bytes("same"), bytes("same")), undefined);
  assertEquals(firstDifference(bytes("abc"), bytes("axc")), {
    offset: 1,
    sent: 0x62,
    received: 0x78,
  });
  assertEquals(firstDifference(bytes("ab"), bytes("abc")), {
    offset: 2,
    sent: undefined,
    received: 0x63,
  });
  assertEquals(firstDifference(bytes("abc"), bytes("ab")), {
    offset: 2,
    sent: 0x63,
    received: undefined,
  });
});

/** Cuts bytes at some places. */
function cut(data: Uint8Array, places: number[]): Uint8Array[] {
  const ends = [
    ...places.map((place) => place % (data.length + 1)),
    data.length,
  ]
    .sort((a, b) => a - b);
  return ends.map((end, i) => data.subarray(ends[i - 1] ?? 0, end));
}

const places = fc.array(fc.nat(300), { maxLength: 8 });

Deno.test("EchoCheck takes the same bytes in whatever pieces", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      places,
      places,
      (data, sent, received) => {
        const check = new EchoCheck();
        for (const piece of cut(data, sent)) check.expect(piece);
        for (const piece of cut(data, received)) assert(check.accept(piece));
        assertEquals(check.outstanding, 0);
      },
    ),
  );
});

Deno.test("EchoCheck finds one wrong byte at its offset, in whatever pieces", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.nat(),
      places,
      places,
      (data, place, sent, received) => {
        const wrong = data.slice();
        wrong[place % data.length] ^= 0xff;
        const check = new EchoCheck();
        for (const piece of cut(data, sent)) check.expect(piece);
        assert(!cut(wrong, received).every((piece) => check.accept(piece)));
        assertEquals(check.difference?.offset, place % data.length);
      },
    ),
  );
});

Deno.test("EchoCheck finds a byte that was never sent", () => {
  const check = new EchoCheck();
  check.expect(bytes("ab"));
  assertEquals(check.accept(bytes("abc")), false);
  assertEquals(check.difference, { offset: 2, received: 0x63 });
});

Deno.test("pattern() differs from message to message and from stream to stream", () => {
  const all = [0, 1, 2].flatMap((stream) =>
    [0, 1, 2, 1000].map((sequence) => pattern(64, stream, sequence).toHex())
  );
  assertEquals(new Set(all).size, all.length);
  assertEquals(pattern(64, 1, 2), pattern(64, 1, 2));
});

Deno.test("pattern() does not repeat within a message", () => {
  const data = pattern(65_536, 0, 1);
  const words = new Set(new Uint32Array(data.buffer));
  assert(words.size > data.length / 4 - 10, `${words.size} different words`);
});

Deno.test("patternPieces() adds up to any size", () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
    let sum = 0;
    for (const piece of patternPieces(size)) sum += piece.length;
    assertEquals(sum, size);
  }
});

Deno.test("MessageSource knows its own messages again, and no others", () => {
  const source = new MessageSource({ size: 100 });
  const message = source.message(7).slice();
  assertEquals(source.sequenceOf(message), 7);
  message[50] ^= 1;
  assertEquals(source.sequenceOf(message), undefined);
  assertEquals(
    source.sequenceOf(new MessageSource({ size: 100 }).message(7)),
    undefined,
  );
  assertNotEquals(source.message(1), source.message(2));
});

Deno.test("RoundTrips sums up", () => {
  const trips = new RoundTrips();
  assertEquals(trips.summary(), undefined);
  for (const delay of [30, 10, 20]) trips.record(delay);
  assertEquals(trips.summary(), { count: 3, min: 10, mean: 20, max: 30 });
});

/** Delays as they come: most near a value, some far above. */
const delays = fc.array(
  fc.oneof(
    fc.integer({ min: 50, max: 500 }),
    fc.integer({ min: 1, max: 60_000_000 }),
  ),
  { minLength: 1, maxLength: 300 },
);

async function sumUp(all: number[]): Promise<DelaySummary> {
  const trips = new RoundTrips(await Histogram.create());
  for (const delay of all) trips.record(delay);
  return trips.summary()!;
}

Deno.test("the percentiles are those of the list of delays, to three digits", async () => {
  await fc.assert(fc.asyncProperty(delays, async (all) => {
    const summary = await sumUp(all);
    const sorted = all.toSorted((a, b) => a - b);
    for (
      const [name, share] of [["p50", 0.5], ["p90", 0.9], ["p99", 0.99], [
        "p99.9",
        0.999,
      ]] as const
    ) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1];
      const error = Math.abs(summary[name]! - exact);
      assert(
        error <= Math.max(exact / 1000, 1),
        `${name}: ${summary[name]} for ${exact}`,
      );
    }
    assertEquals([summary.count, summary.min, summary.max], [
      all.length,
      sorted[0],
      sorted.at(-1),
    ]);
  }));
});

Deno.test("two halves merged equal the whole", async () => {
  await fc.assert(fc.asyncProperty(delays, delays, async (one, other) => {
    const merged = await mergeDelays([await sumUp(one), await sumUp(other)]);
    const whole = await sumUp([...one, ...other]);
    const { mean: mergedMean, ...mergedRest } = merged!;
    const { mean, ...rest } = whole;
    assertEquals(mergedRest, rest);
    // Each half's mean is given to a tenth.
    assert(Math.abs(mergedMean - mean) <= 0.11, `${mergedMean} for ${mean}`);
  }));
});

Deno.test("a delay beyond the histogram's range counts as its end", async () => {
  const summary = await sumUp([0.2, 70_000_000]);
  assertEquals([summary.min, summary.max], [0.2, 70_000_000]);
  assert(
    summary.p50! <= 1 && summary.p99! >= 60_000_000,
    JSON.stringify(summary),
  );
});

Deno.test("paced() keeps the distance from start to start", async () => {
  const started = performance.now();
  const times: number[] = [];
  for await (const _ of paced({ count: 4, interval: 50 })) {
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(times.length, 4);
  // 20 ms of work fit into each interval: without the pace, 60 ms; counted
  // from end to start, 210 ms.
  assert(times[3] >= 149, `${times}`);
});

Deno.test("paced() starts no message after its duration, and none waits for it", async () => {
  const started = performance.now();
  const times: number[] = [];
  for await (const _ of paced({ duration: 190, interval: 50 })) {
    times.push(performance.now() - started);
  }
  // At 0, 50, 100 and 150 ms, or a little later: the last may then be too late.
  assert(times.length === 4 || times.length === 3, `${times}`);
  assert(times.every((time) => time < 190), `${times}`);
});

Deno.test("paced() with a count and a duration ends with the first of them", async () => {
  const numbers = async (count: number, duration: number) =>
    (await Array.fromAsync(paced({ count, duration, interval: 20 }))).length;
  assertEquals(await numbers(3, 10_000), 3);
  assert(await numbers(1_000_000, 50) <= 3);
});

Deno.test("paced() ends early when it is stopped", async () => {
  const stop = new AbortController();
  const seen: number[] = [];
  for await (
    const sequence of paced({
      count: 9,
      interval: 3_600_000,
      signal: stop.signal,
    })
  ) {
    seen.push(sequence);
    setTimeout(() => stop.abort(), 1);
  }
  assertEquals(seen, [1]);
});

const FIGURES = {
  messages_sent: 200,
  messages_received: 198,
  duration_us: 2_000_000,
  rtt_us: {
    count: 198,
    min: 10,
    mean: 20,
    max: 400,
    p50: 15,
    p90: 30,
    p99: 100,
    "p99.9": 399,
  },
  lost: 2,
  late: 1,
  duplicates: 0,
};

for (
  const [text, value, held] of [
    ["min>=10us", 10, true],
    ["mean<20us", 20, false],
    ["p50<=15us", 15, true],
    ["p90 < 0.04ms", 30, true],
    ["p99>100us", 100, false],
    ["p99.9<1ms", 399, true],
    ["max<400us", 400, false],
    ["loss<=1%", 1, true],
    ["loss<1%", 1, false],
    ["loss<=2", 2, true],
    ["late<=0", 1, false],
    ["duplicated<=0%", 0, true],
    ["rate>=99/s", 99, true],
    ["rate>99", 99, false],
  ] as const
) {
  Deno.test(`the expectation ${text} of ${value} ${held ? "holds" : "does not hold"}`, () => {
    const [judged] = judgeExpectations([expectation(text)], FIGURES);
    assertEquals([judged.value, judged.held], [value, held]);
  });
}

Deno.test("an expectation of a figure that there is not does not hold", () => {
  const figures = { messages_sent: 1, messages_received: 0, duration_us: 1 };
  const [judged] = judgeExpectations([expectation("p99>0us")], figures);
  assertEquals([judged.value, judged.held], [undefined, false]);
});
