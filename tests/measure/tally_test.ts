import { assertEquals } from "@std/assert";
import { now } from "../../net/clock.ts";
import { newTally } from "../setup/tally.ts";

Deno.test("Tally shows how evenly flows were answered", () => {
  const tally = newTally({}, 4);
  for (const flow of [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]) {
    const at = now();
    tally.sent(flow, at, at, false);
    tally.answered(flow, at, at, at);
  }
  assertEquals(tally.shares(), { count: 4, least: 1, median: 3, jain: 0.893 });
  assertEquals(newTally().shares(), undefined);
});

Deno.test("Tally takes a message that the system refused out of the interval in which it was sent", () => {
  const tally = newTally({ rate: 1000 });
  const at = now();
  const due = at - 5000;
  tally.sent(0, due, at, false);
  tally.sent(0, due, at, false);
  tally.answered(0, due, at, at);
  tally.endInterval(now());
  tally.refused(0, due, at);
  const later = now();
  tally.sent(0, later, later, false);
  tally.answered(0, later, later, later);
  tally.endInterval(now());
  assertEquals(
    [...tally.settledIntervals()].map((
      { interval: { messages_sent, messages_received, late_sends } },
    ) => [messages_sent, messages_received, late_sends]),
    [[1, 1, 1], [1, 1, 0]],
  );
  assertEquals([tally.messagesSent, tally.unsent, tally.lateSends], [2, 1, 1]);
  assertEquals([tally.lateByClient, tally.inFlight], [1, 0]);
});
