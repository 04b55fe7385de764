import { assert, assertEquals } from "@std/assert";
import type { Flow } from "../../measure/flow.ts";
import { StarvationCheck } from "../../measure/starvation_check.ts";
import { now } from "../../net/clock.ts";
import { newTally } from "../setup/tally.ts";

/** A flow that has waited for a second, with an answer that is there or not. */
function waitingFlow(brake: { isOn: boolean }, answer: () => void): Flow {
  let since: number | undefined = now() - 1_000_000;
  let isRead = false;
  return {
    failure: undefined,
    isOverdue: false,
    get waitingSince() {
      // What lies unread is read once nothing more is sent.
      if (brake.isOn && !isRead) {
        isRead = true;
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

Deno.test("StarvationCheck tells unread answers apart from missing ones", async () => {
  for (const [starved, silent] of [[0, 3], [3, 0], [3, 2], [2, 9], [1, 0]]) {
    const brake = { isOn: false };
    const tally = newTally({}, 100);
    const answer = () => {
      const at = now();
      tally.sent(0, at, at, false);
      tally.answered(0, at, at, at);
    };
    const one = waitingFlow(brake, answer);
    const flows = [
      ...Array.from({ length: starved }, () => waitingFlow(brake, answer)),
      ...Array<Flow>(silent).fill({ ...one, waitingSince: now() - 2_000_000 }),
    ];
    const idle: Flow = { ...one, waitingSince: undefined };
    const others = Array<Flow>(100 - flows.length).fill(idle);
    const check = new StarvationCheck([...flows, ...others], brake, tally);
    const looking = check.look();
    assertEquals(brake.isOn, true);
    // Once the sending of all is paused, what lies unread is read.
    for (const { waitingSince: _ } of flows);
    assertEquals(await looking, true);
    assertEquals(brake.isOn, false);
    const isOwn = starved >= 2 && starved >= silent;
    assertEquals(check.unread !== undefined, isOwn, `${starved}, ${silent}`);
    if (isOwn) assert(check.unread! >= 1_000_000, `${check.unread}`);
  }
});

Deno.test("StarvationCheck lets nothing be given up before it has checked", async () => {
  const brake = { isOn: false };
  const flow: Flow = {
    ...waitingFlow(brake, () => {}),
    waitingSince: now() - 1_000_000,
    isOverdue: true,
  };
  const flows = Array<Flow>(100).fill(flow);
  const check = new StarvationCheck(flows, brake, newTally({}, 100));
  assertEquals(await check.look(), true);
  // A second check at once would pause the flows too often.
  assertEquals(await check.look(), false);
});
