import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EchoCheck, firstDifference } from "../../measure/echo_check.ts";
import { expectation } from "../../cli/command_line/expectation.ts";
import { judgeExpectations } from "../../measure/expectations.ts";
import { now as time } from "../../net/clock.ts";
import { Histogram } from "../../measure/histogram.ts";
import type { DelaySummary } from "../../mod.ts";
import { InFlight } from "../../measure/in_flight.ts";
import { Messages, patternPieces } from "../../measure/messages.ts";
import { Schedule } from "../../measure/schedule.ts";
import { mergeDelays, RoundTrips } from "../../measure/round_trips.ts";
import { bytes } from "../setup/bytes.ts";

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

Deno.test("EchoCheck accepts the same bytes in whatever pieces", () => {
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

/** A whole message. */
function message(messages: Messages, sequence: number) {
  const size = messages.size(sequence);
  const buffer = new Uint8Array(size);
  messages.fill(buffer, 0, sequence, 0, size);
  return buffer;
}

Deno.test("Messages differ from message to message and from stream to stream", () => {
  const all = [0, 1, 2].flatMap((stream) =>
    [1, 2, 3, 1000].map((sequence) =>
      message(new Messages({ size: 64 }, stream), sequence).toHex()
    )
  );
  assertEquals(new Set(all).size, all.length);
});

Deno.test("Messages do not repeat within a message", () => {
  const data = message(new Messages({ size: 65_520 }, 7), 1);
  const words = new Set(new Uint32Array(data.buffer));
  assert(words.size > data.length / 4 - 10, `${words.size} different words`);
});

Deno.test("Messages are the same in whatever pieces, and every wrong byte is found", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200_000 }),
      fc.integer({ min: 1, max: 0xffffffff }),
      fc.nat(),
      fc.nat(),
      (size, sequence, place, wrongPlace) => {
        const messages = new Messages({ size }, 5);
        const whole = message(messages, sequence);
        const at = place % size;
        const rest = new Uint8Array(size + 3);
        messages.fill(rest, 3, sequence, at, size - at);
        assertEquals(rest.subarray(3, 3 + size - at), whole.subarray(at));
        const compare = () =>
          messages.difference(rest, 3, sequence, at, size - at);
        assertEquals(compare(), -1);
        const wrong = wrongPlace % (size - at);
        rest[3 + wrong] ^= 1;
        assertEquals(compare(), wrong);
        assertEquals(messages.byteAt(sequence, at + wrong), whole[at + wrong]);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("InFlight keeps the times of all messages in flight, however many", () => {
  const inFlight = new InFlight();
  for (let sequence = 1; sequence <= 1000; sequence++) {
    inFlight.reserve(sequence, sequence - 1);
    inFlight.set(sequence, sequence * 2, sequence * 3);
  }
  for (let sequence = 1; sequence <= 1000; sequence++) {
    assertEquals(
      [inFlight.due(sequence), inFlight.sentAt(sequence)],
      [sequence * 2, sequence * 3],
    );
  }
});

/** Claims all that a schedule hands out without waiting; their times from its start. */
function claimAll(schedule: Schedule): number[] {
  const times: number[] = [];
  for (let due; (due = schedule.claim(time(), undefined)) !== undefined;) {
    times.push(due - schedule.start);
  }
  return times;
}

Deno.test("Schedule gives each message of a rate its scheduled time, whenever it is claimed", () => {
  const times = claimAll(new Schedule({ rate: 1000, duration: 5 }));
  assertEquals(times.map(Math.round), [0, 1000, 2000, 3000, 4000]);
  assertEquals(claimAll(new Schedule({ rate: 10, count: 3 })).length, 3);
});

Deno.test("Schedule keeps the beat of an interval, and skips beats that have passed", () => {
  const schedule = new Schedule({ count: 5, interval: 50 });
  const first = schedule.claim(time(), undefined)!;
  assertEquals(schedule.claim(first, first), first + 50_000);
  // Answered late, but before the next beat: that one stays where it is.
  assertEquals(schedule.claim(first + 60_000, first), first + 50_000);
  assertEquals(schedule.claim(first + 260_000, first), first + 250_000);
  assertEquals(
    schedule.claim(first + 260_000, first + 250_000),
    first + 300_000,
  );
  assertEquals(schedule.claim(first, first), undefined);
});

Deno.test("Schedule wakes flows at their own times, whatever the order in which they ask", async () => {
  const schedule = new Schedule({ interval: 100 });
  const woken: [string, number][] = [];
  const start = time();
  await new Promise<void>((resolve) => {
    const note = (name: string, due: number) => () => {
      woken.push([name, time() - due]);
      if (woken.length === 3) resolve();
    };
    for (const [name, after] of [["c", 60], ["a", 10], ["b", 30]] as const) {
      const due = start + after * 1000;
      schedule.at(due, note(name, due));
    }
  });
  assertEquals(woken.map(([name]) => name), ["a", "b", "c"]);
  for (const [name, late] of woken) assert(late >= 0, `${name}: ${late}`);
});

Deno.test("Schedule computes a rate over the requested time, not over the time of one message", () => {
  const schedule = new Schedule({ rate: 0.0001, duration: 1000 });
  const { start } = schedule;
  assertEquals(Math.round(schedule.span(1, 64, start, start + 500)), 1e6);
  const steady = new Schedule({ rate: 1000, count: 10 });
  const last = steady.start + 9000;
  assertEquals(Math.round(steady.span(10, 640, last, last + 100_000)), 10_000);
});

Deno.test("Schedule hands out nothing after its duration, or once it is stopped", () => {
  assertEquals(claimAll(new Schedule({ duration: 0, count: 5 })), []);
  const schedule = new Schedule({ count: 5 });
  schedule.stop();
  assertEquals(claimAll(schedule), []);
});

Deno.test("Schedule wakes each at its time and in order", async () => {
  const schedule = new Schedule({ rate: 100 });
  const woken: number[] = [];
  await new Promise<void>((resolve) => {
    const next = () => {
      const due = schedule.claim(time(), undefined)!;
      schedule.at(due, () => {
        assert(performance.now() * 1000 >= due, "too early");
        woken.push(due - schedule.start);
        if (woken.length < 5) next();
        else resolve();
      });
    };
    next();
  });
  assertEquals(woken.map(Math.round), [0, 10_000, 20_000, 30_000, 40_000]);
});

Deno.test("patternPieces() adds up to any size", () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
    let sum = 0;
    for (const piece of patternPieces(size)) sum += piece.length;
    assertEquals(sum, size);
  }
});

Deno.test("RoundTrips summarizes delays", () => {
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

Deno.test("a delay beyond the histogram's range counts as the range's end", async () => {
  const summary = await sumUp([0.2, 70_000_000]);
  assertEquals([summary.min, summary.max], [0.2, 70_000_000]);
  assert(
    summary.p50! <= 1 && summary.p99! >= 60_000_000,
    JSON.stringify(summary),
  );
});

const FIGURES = {
  messages_sent: 200,
  messages_received: 198,
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
  datagrams: {
    lost: 2,
    late: 1,
    duplicates: 0,
    reordered: 4,
    jitter_us: 7.5,
    strays: 0,
  },
  measured: {
    messages_per_second: 99,
    sent_bytes_per_second: 9_900,
    received_bytes_per_second: 9_801,
    errors: 3,
    instrument: {
      timer_lateness_us: { p50: 1, p99: 2, max: 3 },
      cpu_share: 0.5,
      warnings: [],
    },
  },
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
    ["reordered<=2%", 2, true],
    ["jitter<7us", 7.5, false],
    ["errors<=3", 3, true],
    ["throughput>=9.8kB/s", 9_801, true],
  ] as const
) {
  Deno.test(`the expectation ${text} of ${value} ${held ? "holds" : "does not hold"}`, () => {
    const [judged] = judgeExpectations([expectation(text)], FIGURES);
    assertEquals([judged.value, judged.held], [value, held]);
  });
}

Deno.test("an expectation of an absent figure does not hold", () => {
  const figures = { ...FIGURES, rtt_us: undefined };
  const [judged] = judgeExpectations([expectation("p99>0us")], figures);
  assertEquals([judged.value, judged.held], [undefined, false]);
});
