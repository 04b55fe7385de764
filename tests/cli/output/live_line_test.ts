import { assert, assertStringIncludes } from "@std/assert";
import { LiveLine } from "../../../cli/output/live_line.ts";
import type { Output } from "../../../cli/output/writer.ts";
import type { IntervalEvent, StartedEvent } from "../../../mod.ts";

const STARTED: StartedEvent = {
  event: "started",
  target: "testbox",
  peer_host: "192.0.2.1",
  peer_port: 862,
  service: "stamp",
  size: 44,
  connections: 1,
  timeout_us: 5e6,
};

/** A second of a run, with what was lost on each way. */
function interval(out?: number, back?: number): IntervalEvent {
  const delays = {
    count: 98,
    min: 0,
    mean: 200,
    max: 3000,
    p50: 150,
    p99: 2500,
  };
  return {
    event: "interval",
    began: "2026-11-25T00:00:00.000Z",
    elapsed_us: 1e6,
    interval_us: 1e6,
    messages_sent: 100,
    messages_received: 98,
    bytes_sent: 4400,
    bytes_received: 4312,
    messages_per_second: 98,
    sent_bytes_per_second: 4400,
    received_bytes_per_second: 4312,
    lost: 2,
    directions: {
      out: { lost: out, variation_us: delays },
      back: { lost: back, variation_us: delays },
    },
  };
}

/** What is written of some events. */
function shown(
  events: (StartedEvent | IntervalEvent)[],
  ascii = false,
): string {
  let text = "";
  const terminal = {
    write: (data: Uint8Array) => void (text += new TextDecoder().decode(data)),
  };
  const line = new LiveLine(terminal as unknown as Output, 200, ascii);
  events.forEach((event) => line.observe(event));
  return text.split("\r").at(-1)!;
}

Deno.test("the live line shows each way by itself, with an arrow, its losses so far and its slowest", () => {
  const text = shown([STARTED, interval(2, 0), interval(1, 1)]);
  assertStringIncludes(text, "→ 3 lost, p99 +2.50 ms  ← 1 lost, p99 +2.50 ms");
  assertStringIncludes(
    shown([STARTED, interval(2, 0)], true),
    "-> 2 lost, p99 +2.50 ms  <- 0 lost",
  );
});

Deno.test("the live line shows no losses of a way that are unknown", () => {
  const text = shown([STARTED, interval()]);
  assertStringIncludes(text, "→ p99 +2.50 ms  ← p99 +2.50 ms");
  const echo = shown([STARTED, { ...interval(), directions: undefined }]);
  assert(!/[→←]/.test(echo), echo);
});
