import { assertEquals } from "@std/assert";
import {
  clientFamilies,
  type WatchedTarget,
} from "../../../cli/metrics/client_families.ts";
import type { RunCounts, RunInProgress } from "../../../measure/run.ts";

const NOTHING: RunCounts = {
  messages_sent: 0,
  messages_received: 0,
  bytes_sent: 0,
  bytes_received: 0,
  errors: 0,
  unsent: 0,
  late_sends: undefined,
  outages: { count: 0, total_us: 0, longest_us: 0, listed: [] },
};

/** A run that counts what a test says. */
function runWith(counts: () => RunCounts): RunInProgress {
  return {
    figures: () => undefined,
    counts,
    distribution: () => undefined,
    isDown: false,
  };
}

/** A client whose only run counts what a test says, and how its families are read. */
function client(counts: () => RunCounts) {
  const run = runWith(counts);
  return readerOf({ name: "a", look: () => run, isOver: false });
}

/** How the families of a client with an only target are read. */
function readerOf(target: WatchedTarget) {
  const families = clientFamilies({
    transport: "UDP",
    service: "echo",
    targets: [target],
  });
  return async (name: string) =>
    (await families()).find((family) => family.name === `echosounder_${name}`)!
      .samples.map(({ value }) => value);
}

Deno.test("a counter does not fall where a count is taken back", async () => {
  let sent = 7;
  let down = 2_000_000;
  const read = client(() => ({
    ...NOTHING,
    messages_sent: sent,
    outages: { count: 1, total_us: down, longest_us: down, listed: [] },
  }));
  assertEquals([await read("sent_total"), await read("outage_seconds_total")], [
    [7],
    [2],
  ]);
  sent = 6;
  down = 1_800_000;
  assertEquals([await read("sent_total"), await read("outage_seconds_total")], [
    [7],
    [2],
  ]);
  sent = 8;
  down = 3_000_000;
  assertEquals([await read("sent_total"), await read("outage_seconds_total")], [
    [8],
    [3],
  ]);
});

Deno.test("counters begin anew with another run against the same target", async () => {
  const sent = (messages_sent: number) =>
    runWith(() => ({ ...NOTHING, messages_sent }));
  let run = sent(7);
  const target = { name: "a", look: () => run, isOver: false };
  const read = readerOf(target);
  assertEquals(await read("sent_total"), [7]);
  run = sent(2);
  // Another run has another look.
  target.look = () => run;
  assertEquals(await read("sent_total"), [2]);
});

Deno.test("a target is neither up nor down before the fate of a message is known", async () => {
  let counts = { ...NOTHING, messages_sent: 1 };
  const read = client(() => counts);
  assertEquals([await read("up"), await read("measuring")], [[], [1]]);
  counts = { ...counts, messages_received: 1 };
  assertEquals(await read("up"), [1]);
});
