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
