import { assert } from "@std/assert";
import { TimeoutClock } from "../../measure/timeout_clock.ts";
import { now } from "../../net/clock.ts";
import { until } from "../setup/until.ts";

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
