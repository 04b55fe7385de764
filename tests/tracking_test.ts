/**
 * What became of each message, and when the next one is due, without a socket.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Service } from "../mod.ts";
import { Messages } from "../measure/messages.ts";
import { Pacer } from "../measure/pacer.ts";
import type { Flow } from "../measure/run.ts";
import { Schedule, type ScheduleOptions } from "../measure/schedule.ts";
import { StarvationCheck } from "../measure/starvation_check.ts";
import { Tally, tallyHistograms } from "../measure/tally.ts";
import { TimeoutClock } from "../measure/timeout_clock.ts";
import { now } from "../net/clock.ts";
import { type Reply, ReplyTracker } from "../udp/client/reply_tracker.ts";
import { bytes, until } from "./setup.ts";

const HISTOGRAMS = await tallyHistograms();

function newTally(options: ScheduleOptions = {}, flows = 1): Tally {
  return new Tally(
    { isDatagrams: true, isOneWay: false, flows },
    new Schedule(options),
    HISTOGRAMS,
  );
}

/** A tracker in its first phase, and what a test does with it. */
function follow(service: Service = "echo", size = 32) {
  const messages = new Messages({ size }, 7);
  const tracker = new ReplyTracker(messages, service, 0);
  let tally = newTally();
  tracker.begin(tally);
  let time = now();
  return {
    tracker,
    /** Begins another phase. */
    begin() {
      tally = newTally();
      tracker.begin(tally);
    },
    /** Sends a message; what would come back. */
    send(): Uint8Array<ArrayBuffer> {
      const datagram = new Uint8Array(size);
      messages.fill(datagram, 0, tracker.next, 0, size);
      tracker.send(time += 10, time);
      tally.sent(time, time, false);
      return datagram;
    },
    receive(datagram: Uint8Array): Reply {
      return tracker.receive(datagram, time += 10);
    },
    /** Gives up all that is in flight; their numbers. */
    giveUp(): number[] {
      return [...tracker.giveUp(() => true)].map(({ sequence }) => sequence);
    },
    counts() {
      const { messages_sent, messages_received, lost } = tally.total();
      const { corrupted, late, duplicates, reordered, reordering_distance } =
        tally.datagrams();
      return {
        sent: messages_sent,
        received: messages_received,
        lost,
        corrupted,
        late,
        duplicates,
        reordered,
        distance: reordering_distance,
        strays: tally.datagrams().strays,
        inFlight: tracker.inFlight,
      };
    },
  };
}

/** Counts of nothing, but for some. */
function counts(some: Record<string, number>) {
  return {
    sent: 0,
    received: 0,
    lost: 0,
    corrupted: 0,
    late: 0,
    duplicates: 0,
    reordered: 0,
    distance: 0,
    strays: 0,
    inFlight: 0,
    ...some,
  };
}

Deno.test("ReplyTracker takes the first answer as the answer, and the second for a duplicate", () => {
  const path = follow();
  const datagram = path.send();
  assertEquals(path.receive(datagram), "answer");
  assertEquals(path.receive(datagram), "duplicate");
  assertEquals(path.counts(), counts({ sent: 1, received: 1, duplicates: 1 }));
});

Deno.test("ReplyTracker takes an answer to a message given up for late, and only the first one", () => {
  const path = follow();
  const datagram = path.send();
  assertEquals(path.giveUp(), [1]);
  assertEquals(path.receive(datagram), "late");
  assertEquals(path.receive(datagram), "duplicate");
  assertEquals(
    path.counts(),
    counts({ sent: 1, lost: 1, late: 1, duplicates: 1 }),
  );
});

Deno.test("ReplyTracker counts answers out of order with the largest distance", () => {
  const path = follow();
  const [a, b, c, d] = [path.send(), path.send(), path.send(), path.send()];
  for (const datagram of [d, a, c, b]) path.receive(datagram);
  assertEquals(
    path.counts(),
    counts({ sent: 4, received: 4, reordered: 3, distance: 3 }),
  );
});

Deno.test("ReplyTracker counts a damaged answer once, wherever the damage is", () => {
  for (let place = 0; place < 32; place++) {
    const path = follow();
    path.send();
    const datagram = path.send();
    path.send();
    datagram[place] ^= 0x40;
    assertEquals(path.receive(datagram), "corrupted", `byte ${place}`);
    assertEquals(path.tracker.sequence, 2);
    assertEquals(path.counts(), counts({ sent: 3, corrupted: 1, inFlight: 2 }));
  }
});

Deno.test("ReplyTracker counts a damaged answer that shows no message to one that stays without", () => {
  const path = follow("echo", 12);
  const [a, b, c] = [path.send(), path.send(), path.send()];
  assertEquals(path.receive(a), "answer");
  b[5] ^= 1;
  assertEquals(path.receive(b), "unrecognized");
  assertEquals(path.receive(c), "answer");
  assertEquals(path.giveUp(), []);
  assertEquals(path.counts(), counts({ sent: 3, received: 2, corrupted: 1 }));
});

Deno.test("ReplyTracker takes what answers nothing for a stray", () => {
  const path = follow();
  const datagram = path.send();
  assertEquals(path.receive(bytes("what?")), "unrecognized");
  assertEquals(path.receive(datagram), "answer");
  path.giveUp();
  assertEquals(path.counts(), counts({ sent: 1, received: 1, strays: 1 }));
});

Deno.test("ReplyTracker counts nowhere what answers a message of the phase before", () => {
  const path = follow();
  const [answered, lost] = [path.send(), path.send()];
  path.receive(answered);
  path.giveUp();
  path.begin();
  assertEquals(path.receive(answered), "earlier");
  assertEquals(path.receive(lost), "earlier");
  assertEquals(path.receive(path.send()), "answer");
  assertEquals(path.counts(), counts({ sent: 1, received: 1 }));
});

Deno.test("ReplyTracker takes a message back that its socket refused", () => {
  const path = follow();
  path.send();
  path.tracker.unsend();
  assertEquals(path.counts(), counts({}));
});

Deno.test("ReplyTracker takes any answer of a character generator for the oldest message", () => {
  const path = follow("chargen");
  path.send();
  path.send();
  assertEquals(path.receive(bytes("abc")), "answer");
  assertEquals(path.tracker.sequence, 1);
  assertEquals(path.receive(new Uint8Array(513)), "oversized");
  assertEquals(path.receive(bytes("more")), "duplicate");
});

Deno.test("ReplyTracker gives up those only that have waited enough", () => {
  const path = follow();
  path.send();
  const since = path.tracker.oldestSentAt()!;
  path.send();
  const given = [...path.tracker.giveUp((sentAt) => sentAt <= since)];
  assertEquals(given, [{ sequence: 1, sentAt: since }]);
  assertEquals(path.tracker.inFlight, 1);
});

Deno.test("ReplyTracker always has sent = received + lost + corrupted + in flight", () => {
  const step = fc.oneof(
    fc.constant("send" as const),
    fc.constant("give up" as const),
    fc.record({ which: fc.nat(40), damage: fc.option(fc.nat(31)) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const path = follow();
      const sent: Uint8Array<ArrayBuffer>[] = [];
      for (const step of steps) {
        if (step === "send") sent.push(path.send());
        else if (step === "give up") path.giveUp();
        else if (sent.length > 0) {
          const datagram = sent[step.which % sent.length].slice();
          if (step.damage !== null) datagram[step.damage] ^= 0x10;
          path.receive(datagram);
        }
        const { sent: all, received, lost, corrupted, inFlight } = path
          .counts();
        assertEquals(all, received + lost! + corrupted + inFlight);
      }
    }),
  );
});

/** A flow that a test drives. */
function pacedFlow(options: ScheduleOptions) {
  const sent: number[] = [];
  const flow = {
    inFlight: 0,
    room: 1,
    pump() {
      for (;;) {
        const due = pacer.next(now(), flow.inFlight < flow.room);
        if (due === undefined) return;
        flow.inFlight++;
        sent.push(due);
      }
    },
    answer() {
      flow.inFlight--;
      flow.pump();
    },
  };
  const brake = { isOn: false };
  const pacer = new Pacer(flow, brake);
  let isOver = false;
  const phase = () =>
    void pacer.begin(newTally(options)).then(() => isOver = true);
  return { flow, pacer, brake, sent, phase, isOver: () => isOver };
}

Deno.test("Pacer ends a phase when the schedule has nothing more and all is answered", async () => {
  const { flow, sent, phase, isOver } = pacedFlow({ count: 2 });
  phase();
  assertEquals(sent.length, 1);
  flow.answer();
  assertEquals(sent.length, 2);
  await Promise.resolve();
  assertEquals(isOver(), false);
  flow.answer();
  await Promise.resolve();
  assertEquals(isOver(), true);
});

Deno.test("Pacer sends nothing while the brake is on", () => {
  const { flow, brake, sent, phase } = pacedFlow({});
  phase();
  brake.isOn = true;
  flow.answer();
  assertEquals(sent.length, 1);
  brake.isOn = false;
  flow.pump();
  assertEquals(sent.length, 2);
});

Deno.test("Pacer waits for an observer before the next message", async () => {
  const { flow, pacer, sent, phase } = pacedFlow({ count: 2 });
  phase();
  const { promise, resolve } = Promise.withResolvers<void>();
  pacer.await(promise);
  flow.answer();
  assertEquals(sent.length, 1);
  resolve();
  await until(() => sent.length === 2, "the second message");
});

Deno.test("Pacer that is stopped lets what is in flight come back, and one that failed does not", async () => {
  for (const isFailed of [false, true]) {
    const { flow, pacer, sent, phase, isOver } = pacedFlow({});
    phase();
    if (isFailed) pacer.fail({ code: "failed", message: "broken" });
    else pacer.stop();
    await Promise.resolve();
    assertEquals(isOver(), isFailed);
    flow.answer();
    await Promise.resolve();
    assertEquals([sent.length, isOver()], [1, true]);
  }
});

Deno.test("Pacer that failed begins no further phase", async () => {
  const { pacer, sent } = pacedFlow({});
  pacer.fail({ code: "stopped", message: "stopped" });
  await pacer.begin(newTally());
  assertEquals(sent, []);
});

Deno.test("TimeoutClock does not count the time in which the client stood still", async () => {
  let ticks = 0;
  const clock = new TimeoutClock(100, () => ticks++);
  try {
    const start = now();
    await until(() => ticks >= 3, "some ticks");
    const before = clock.waited(start);
    const stood = now();
    while (now() - stood < 300_000);
    const during = clock.waited(start) - before;
    assert(during < 60_000, `${during} us counted while it stood still`);
    const after = ticks;
    await until(() => ticks >= after + 2, "a tick after that");
    const total = now() - start;
    assert(clock.waited(start) < total - 200_000, `${clock.waited(start)}`);
  } finally {
    clock.stop();
  }
});

/** A flow that has waited for a second, with an answer that is there or not. */
function waitingFlow(brake: { isOn: boolean }, answer: () => void): Flow {
  let since: number | undefined = now() - 1_000_000;
  let asked = false;
  return {
    failure: undefined,
    isOverdue: false,
    get waitingSince() {
      // What lies unread is read once nothing more is sent.
      if (brake.isOn && !asked) {
        asked = true;
        setTimeout(() => {
          answer();
          since = undefined;
        }, 1);
      }
      return since;
    },
    pump: () => {},
    run: () => Promise.resolve(),
    stop: () => {},
    giveUp: () => {},
    fail: () => {},
    finish: () => Promise.resolve(),
  };
}

Deno.test("StarvationCheck tells answers that lay unread from those that are not there", async () => {
  const brake = { isOn: false };
  const idle: Flow = {
    ...waitingFlow(brake, () => {}),
    waitingSince: undefined,
  };
  const tally = newTally({}, 100);
  const silent: Flow = { ...idle, waitingSince: now() - 2_000_000 };
  const starved = waitingFlow(brake, () => {
    const at = now();
    tally.sent(at, at, false);
    tally.answered(0, at, at, at);
  });
  const others = Array<Flow>(98).fill(idle);
  const check = new StarvationCheck([silent, ...others], brake, tally);
  assertEquals(await check.look(), true);
  assertEquals(check.unread, undefined);
  const second = new StarvationCheck([starved, ...others], brake, tally);
  const looking = second.look();
  assertEquals(brake.isOn, true);
  starved.waitingSince;
  assertEquals(await looking, true);
  assert(second.unread! >= 1_000_000, `${second.unread}`);
  assertEquals(brake.isOn, false);
});

Deno.test("StarvationCheck lets nothing be given up before it has looked", async () => {
  const brake = { isOn: false };
  const flow: Flow = {
    ...waitingFlow(brake, () => {}),
    waitingSince: now() - 1_000_000,
    isOverdue: true,
  };
  const flows = Array<Flow>(100).fill(flow);
  const check = new StarvationCheck(flows, brake, newTally({}, 100));
  assertEquals(await check.look(), true);
  // A second look at once would hold the flows back too often.
  assertEquals(await check.look(), false);
});

Deno.test("Tally shows how evenly flows were answered", () => {
  const tally = newTally({}, 4);
  for (const flow of [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]) {
    const at = now();
    tally.sent(at, at, false);
    tally.answered(flow, at, at, at);
  }
  assertEquals(tally.shares(), { count: 4, least: 1, median: 3, jain: 0.893 });
  assertEquals(newTally().shares(), undefined);
});
