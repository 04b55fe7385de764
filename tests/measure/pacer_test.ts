import { assertEquals } from "@std/assert";
import { Pacer } from "../../measure/pacer.ts";
import type { ScheduleOptions } from "../../measure/schedule.ts";
import { now } from "../../net/clock.ts";
import { newTally } from "../setup/tally.ts";
import { until } from "../setup/until.ts";

/** A flow that a test drives. */
function pacedFlow(options: ScheduleOptions) {
  const sent: number[] = [];
  const flow = {
    inFlight: 0,
    nextSize: 64,
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

Deno.test("Pacer ends a phase when the schedule is exhausted and all messages are answered", async () => {
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

Deno.test("Pacer that is stopped waits for what is in flight, and one that failed does not", async () => {
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

Deno.test("Pacer paces a phase after one that ended while an alarm was set", async () => {
  const { flow, pacer, sent } = pacedFlow({});
  flow.room = Infinity;
  const first = newTally({ interval: 20, count: 2 });
  const ended = pacer.begin(first);
  // The second message leaves before its alarm has rung.
  while (sent.length < 2) flow.pump();
  flow.inFlight = 0;
  flow.pump();
  await ended;
  first.schedule.stop();
  pacer.begin(newTally({ interval: 20, count: 2 }));
  await until(() => sent.length === 4, "the messages of the second phase");
});
