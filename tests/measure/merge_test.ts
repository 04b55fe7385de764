import { assertEquals } from "@std/assert";
import type {
  IntervalEvent,
  OutageBeganEvent,
  OutageEndedEvent,
} from "../../mod.ts";
import { claimsMemory, OwnClaims, SharedClaims } from "../../measure/claims.ts";
import { Histogram } from "../../measure/histogram.ts";
import {
  type MergeContext,
  MergedPhase,
  MergedRun,
} from "../../measure/merge.ts";
import type { MeasureOptions, RunPart } from "../../measure/run.ts";
import { Schedule } from "../../measure/schedule.ts";
import {
  type IntervalPart,
  Tally,
  tallyHistograms,
} from "../../measure/tally.ts";
import { now } from "../../net/clock.ts";

type Emitted = IntervalEvent | OutageBeganEvent | OutageEndedEvent;

/** What two parts are merged by, and what that emits. */
function contextOf(options: MeasureOptions, flows: number[]) {
  const events: Emitted[] = [];
  const context: MergeContext = {
    options,
    flows,
    isDatagrams: true,
    knowsLoss: true,
    onEvent: (event) => void events.push(event),
  };
  return { context, events };
}

/** A phase that has begun. */
async function begun(context: MergeContext, start = now()) {
  return (await MergedPhase.prepare(context, false))(start);
}

/** A tally of some flows, with the delays that each had, and those lost. */
async function tallyOf(
  start: number,
  flows: number,
  flowsOfAllParts: number | undefined,
  fates: [flow: number, delay: number | undefined][],
): Promise<Tally> {
  const tally = new Tally(
    { knowsLoss: true, isOneWay: false, flows, flowsOfAllParts },
    new Schedule({}, start),
    await tallyHistograms(false),
  );
  fates.forEach(([flow, delay], i) => {
    const sentAt = start + 100 * i;
    tally.sent(flow, sentAt, sentAt, false);
    tally.sentBytes(10);
    if (delay === undefined) tally.gaveUp(flow, sentAt, sentAt);
    else {
      tally.receivedBytes(10);
      tally.answered(flow, sentAt, sentAt, sentAt + delay);
    }
  });
  return tally;
}

function partOf(tally: Tally, ports: number[]): RunPart {
  return structuredClone({
    tally: tally.state(),
    warmup: undefined,
    own: {
      errors: 1,
      datagrams: { ...tally.datagrams() },
      jitters: ports.map(() => 2),
    },
    observed: { lateness: [[1000, 5]], largest: 1500, cpuTime: 5, length: 10 },
    unread: undefined,
    ports,
    failures: [],
  });
}

Deno.test("the parts of a run have the figures of the same run in one thread", async () => {
  const start = now();
  const { context } = contextOf({}, [2, 1]);
  const parts = [
    partOf(
      await tallyOf(start, 2, 3, [[0, 100], [1, 200], [1, undefined]]),
      [5001, 5002],
    ),
    partOf(await tallyOf(start, 1, 3, [[0, 300], [0, 5000]]), [5003]),
  ];
  const phase = await begun(context, start);
  const merged = await MergedRun.of(context, parts, phase);
  const { rtt_us, datagrams, measured, ...counts } = merged.figures(true);
  assertEquals([counts.messages_sent, counts.messages_received], [5, 4]);
  assertEquals([counts.bytes_sent, counts.bytes_received], [50, 40]);
  const whole = await tallyOf(start, 3, undefined, [
    [0, 100],
    [1, 200],
    [2, 300],
    [2, 5000],
  ]);
  const { histogram, ...delays } = rtt_us!;
  const { histogram: expected, ...alike } = whole.delays().summary()!;
  assertEquals(delays, alike);
  assertEquals(
    [...(await Histogram.decode(histogram!)).counts()],
    [...(await Histogram.decode(expected!)).counts()],
  );
  assertEquals([datagrams?.lost, datagrams?.jitter_us], [1, 2]);
  assertEquals([measured.errors, measured.in_flight], [2, 0]);
  assertEquals(
    measured.flows?.each.map(({ connection, local_port, sent, lost }) => [
      connection,
      local_port,
      sent,
      lost,
    ]),
    [[2, 5002, 2, 1], [3, 5003, 2, 0], [1, 5001, 1, 0]],
  );
  assertEquals(measured.instrument.cpu_share, 0.5);
  assertEquals(measured.instrument.timer_lateness_us.max, 1500);
  assertEquals(measured.instrument.flows?.count, 3);
});

/** A part's interval. */
function intervalOf(
  elapsed_us: number,
  messages: number,
  lost = 0,
): IntervalPart {
  return {
    interval: {
      began: "",
      elapsed_us,
      interval_us: 0,
      messages_sent: messages + lost,
      messages_received: messages,
      bytes_sent: 0,
      bytes_received: 0,
      messages_per_second: 0,
      sent_bytes_per_second: 0,
      received_bytes_per_second: 0,
      lost,
    },
    delays: { count: 1, min: 7, max: 7, sum: 7, delays: [[7, 1]] },
  };
}

Deno.test("an interval is emitted once all parts have settled it, and ends when they were asked to", async () => {
  const { context, events } = contextOf({}, [1, 1]);
  const phase = await begun(context);
  phase.tick(phase.start + 1000);
  phase.addInterval(0, intervalOf(1100, 10));
  phase.tick(phase.start + 2000);
  phase.addInterval(0, intervalOf(2050, 20));
  assertEquals(events, []);
  phase.addInterval(1, intervalOf(1900, 1, 3));
  // The second is over in the middle of its second interval.
  phase.addInterval(1, intervalOf(1950, 2));
  phase.end(1);
  phase.addInterval(0, intervalOf(2500, 5));
  phase.end(0);
  assertEquals(
    events.map((event) =>
      event.event === "interval" && [
        event.elapsed_us,
        event.interval_us,
        event.messages_received,
        event.lost,
        event.rtt_us?.count,
      ]
    ),
    [
      [1000, 1000, 11, 3, 2],
      [2000, 1000, 22, 0, 2],
      [2500, 500, 5, 0, 1],
    ],
  );
});

Deno.test("an outage of a run in parts lasts while the flows of all are down", async () => {
  const { context, events } = contextOf({}, [1, 1]);
  const phase = await begun(context);
  const change = (isDown: boolean, at: number) => ({
    isDown,
    at,
    gap: 10,
    sequence: 1,
  });
  phase.addChanges(0, [change(true, 100), change(false, 500)], 1000, 0);
  assertEquals(events, []);
  phase.addChanges(1, [change(true, 200)], 300, 0);
  assertEquals(events.map(({ event }) => event), ["outage-began"]);
  phase.addChanges(1, [], 1000, 0);
  assertEquals(
    events.map((event) => event.event === "outage-ended" && event.outage_us),
    [false, 300],
  );
});

Deno.test("threads with the same memory claim each message once, in the order of a single one", () => {
  const memory = claimsMemory();
  const options = { rate: 1000, count: 6 };
  const schedules = [0, 1].map(() => new Schedule(options, 0, memory));
  const shared = Array.from(
    { length: 8 },
    (_, i) => schedules[i % 2].claim(0, undefined),
  );
  const alone = new Schedule(options, 0);
  const single = Array.from({ length: 8 }, () => alone.claim(0, undefined));
  schedules.forEach((schedule) => schedule.stop());
  alone.stop();
  assertEquals(shared, single);
  const claims = [new OwnClaims(), new SharedClaims(memory, "bytes")];
  for (const each of claims) {
    assertEquals([each.take(5), each.take(7)], [0, 5]);
  }
});
