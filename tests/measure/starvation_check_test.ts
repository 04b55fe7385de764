import { assert, assertEquals } from "@std/assert";
import type { Flow } from "../../measure/flow.ts";
import { StarvationCheck } from "../../measure/starvation_check.ts";
import { now } from "../../net/clock.ts";
import { newTally } from "../setup/tally.ts";

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
