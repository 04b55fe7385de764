import { assert, assertEquals } from "@std/assert";
import { reset } from "@logtape/logtape";
import { diagnose, setUpDiagnostics } from "../cli/output/diagnostics.ts";
import type { Output } from "../cli/output/writer.ts";
import type { EchosounderEvent } from "../events/mod.ts";
import { printable } from "../text/printable.ts";
import { stripVTControlCharacters } from "node:util";
import { delayChart } from "../cli/output/delay_chart.ts";
import { formatDuration, formatRate, formatShare } from "../text/format.ts";
import { textLines } from "../cli/output/text.ts";
import { Histogram } from "../measure/histogram.ts";
import { bytes } from "./setup.ts";

Deno.test("printable() says that a long datagram is cut, also where escapes make it longer", () => {
  assertEquals(printable(bytes("a".repeat(1024))), "a".repeat(1024));
  assertEquals(
    printable(bytes("a".repeat(1025))),
    `${"a".repeat(1024)}… (1025 bytes)`,
  );
  assertEquals(
    printable(new Uint8Array(5000)),
    `${"\\u{0}".repeat(1024)}… (5000 bytes)`,
  );
});

Deno.test("printable() escapes what is not UTF-8", () => {
  assertEquals(printable(new Uint8Array([0x61, 0xff, 0x62])), "a\\u{fffd}b");
});

Deno.test("formatDuration() gives three digits and the unit that fits", () => {
  assertEquals(
    [0.25, 27.04, 999.4, 999.6, 12_345, 999_600, 61_000_000].map(
      formatDuration,
    ),
    ["0.250 µs", "27.0 µs", "999 µs", "1.00 ms", "12.3 ms", "1.00 s", "61.0 s"],
  );
});

Deno.test("a summary counts one datagram and many datagrams as one says it", () => {
  const summary = (datagrams: number, suppressed = 0) =>
    textLines({
      event: "summary",
      datagrams_received: datagrams,
      datagrams_sent: datagrams,
      bytes_received: datagrams,
      bytes_sent: datagrams,
      rejected: 0,
      suppressed,
      faults: 0,
      duration_us: 1000,
    }, { teaching: false, transport: "UDP", ascii: false })[0];
  assertEquals(
    summary(1),
    "Stopped after 1.00 ms: 1 datagram (1 byte) received, 1 (1 byte) sent, 0 rejected",
  );
  assertEquals(
    summary(2),
    "Stopped after 1.00 ms: 2 datagrams (2 bytes) received, 2 (2 bytes) sent, 0 rejected",
  );
  assertEquals(
    summary(2, 1),
    "Stopped after 1.00 ms: 2 datagrams (2 bytes) received, 2 (2 bytes) sent, 0 rejected, 1 suppressed",
  );
});

/** Encoded delays: so many of each. */
async function encoded(...delays: [delay: number, count: number][]) {
  const histogram = await Histogram.create();
  for (const [delay, count] of delays) {
    for (let i = 0; i < count; i++) histogram.record(delay);
  }
  return histogram.encode();
}

Deno.test("delayChart() draws delays on a logarithmic scale, in the width that there is", async () => {
  const delays = await encoded([100, 50], [1000, 25], [100_000, 1]);
  const lines = await delayChart(delays, formatDuration, {
    width: 60,
    ascii: true,
  });
  assertEquals(lines.length, 10);
  assert(lines.every((line) => line.length <= 60), lines.join("\n"));
  // Three powers of ten are ten lines: the second one is about a third down.
  const drawn = lines.map((line) => line.split("#").length - 1);
  assertEquals(drawn.map((length) => length > 0), [
    true,
    false,
    false,
    true,
    false,
    false,
    false,
    false,
    false,
    true,
  ]);
  assertEquals(drawn[3], Math.round(drawn[0] / 2));
  // One in fifty still shows.
  assertEquals(drawn[9], 1);
  assert(lines[9].endsWith("|  1 #"), lines[9]);
});

Deno.test("delayChart() draws delays that are all alike, in eighths of a character", async () => {
  const one = await delayChart(await encoded([100, 3]), formatDuration, {
    width: 40,
    ascii: false,
  });
  assertEquals(one.length, 1);
  assert(one[0].startsWith("  ≤ 100 µs │ 3 █"), one[0]);
  const [half] = await delayChart(
    await encoded([100, 1], [1000, 1000]),
    formatDuration,
    { width: 40, ascii: false },
  );
  assert(half.endsWith("▏"), half);
});

Deno.test("rates and shares are given with no more digits than they are good for", () => {
  assertEquals([0, 12, 999.4, 12_345, 1e9].map(formatRate), [
    "0",
    "12",
    "999",
    "12.3 k",
    "1 G",
  ]);
  assertEquals([formatShare(1, 3), formatShare(0, 0), formatShare(1, 1000)], [
    "33 %",
    "0 %",
    "0.1 %",
  ]);
});

Deno.test("a measuring result fits into 80 columns and says what counts", () => {
  const lines = textLines({
    event: "result",
    passed: false,
    failure: { code: "loss", message: "2 of 200 datagrams were not answered" },
    messages_sent: 200,
    messages_received: 198,
    bytes_sent: 12_800,
    bytes_received: 12_672,
    messages_per_second: 99,
    sent_bytes_per_second: 6400,
    received_bytes_per_second: 6336,
    duration_us: 2_000_000,
    late_sends: 3,
    rtt_us: {
      count: 198,
      min: 101.25,
      mean: 230.1,
      max: 40_123.4,
      p50: 210,
      p90: 300,
      p99: 4000,
      "p99.9": 40_000,
    },
    errors: 0,
    lost: 2,
    late: 1,
    duplicates: 0,
    corrupted: 0,
    reordered: 4,
    reordering_distance: 2,
    strays: 0,
    jitter_us: 12.5,
    instrument: {
      timer_lateness_us: { p50: 100, p99: 200, max: 300 },
      cpu_share: 0.5,
      warnings: ["the client was slow"],
    },
    expectations: [{
      metric: "loss",
      operator: "<=",
      limit: 0.5,
      unit: "percent",
      value: 1,
      held: false,
    }],
  }, { teaching: false, transport: "UDP", ascii: true });
  assertEquals(lines.map(stripVTControlCharacters), [
    "failed: 200 sent, 198 back in 2.00 s",
    "  speed         99 messages/s, 6.40 kB/s out, 6.34 kB/s in",
    "  datagrams     2 (1 %) lost, 1 (0.5 %) late, 0 duplicated, 0 corrupted",
    "                4 (2 %) reordered by up to 2, jitter 12.5 us",
    "  round trip    p50 210 us, p90 300 us, p99 4.00 ms, p99.9 40.0 ms",
    "                min 101 us, mean 230 us, max 40.1 ms",
    "  late sends    3 (1.5 %)",
    "warning: the client was slow",
    "expected loss <= 0.5%: 1%, did not hold",
  ]);
});

/** What clears a screen, forges a line, and turns text around. */
const HOSTILE = "\x1b[2J\r\n2026-01-01 forged\x9b31m\u202e\u2028";
const FROM_HOSTILE = { peer_host: HOSTILE, peer_port: 7 };

/** Every event that carries text from outside, all of it hostile. */
const HOSTILE_EVENTS: EchosounderEvent[] = [
  { event: "connection-opened", connection: 1, ...FROM_HOSTILE },
  {
    event: "connection-closed",
    connection: 1,
    ...FROM_HOSTILE,
    bytes_received: 0,
    bytes_sent: 0,
    duration_us: 0,
    reason: "failed",
    detail: HOSTILE,
  },
  { event: "rejected", ...FROM_HOSTILE, reason: "not-allowed" },
  { event: "suppressed", ...FROM_HOSTILE },
  {
    event: "datagram",
    ...FROM_HOSTILE,
    bytes_received: 1,
    bytes_sent: 1,
    data: bytes(HOSTILE),
  },
  { event: "received", bytes: 1, data: bytes(HOSTILE) },
  { event: "stray", ...FROM_HOSTILE, bytes: 1, reason: "other-address" },
  {
    event: "connected",
    ...FROM_HOSTILE,
    local_host: "127.0.0.1",
    local_port: 1,
    connect_us: 1,
  },
  { event: "fault", operation: "accept", detail: HOSTILE },
  { event: "retry", detail: HOSTILE, retry_us: 1 },
];

for (const teaching of [false, true]) {
  Deno.test(`text from outside forges no line and no escape sequence in ${teaching ? "the teaching programs' text" : "text"}`, () => {
    const style = { teaching, transport: "TCP", ascii: false };
    // The colours are our own.
    // deno-lint-ignore no-control-regex
    const colour = /\x1b\[\d+m/g;
    const lines = HOSTILE_EVENTS.flatMap((event) => textLines(event, style))
      .map((line) => line.replaceAll(colour, ""));
    assert(lines.some((line) => line.includes("forged")));
    for (const line of lines) assert(!/[\p{Cc}\p{Cf}\p{Zl}]/u.test(line), line);
  });
}

Deno.test("text from outside forges no line and no escape sequence in diagnostics", async () => {
  const written: string[] = [];
  const output = {
    write: (data: Uint8Array) => written.push(new TextDecoder().decode(data)),
  } as unknown as Output;
  const logger = await setUpDiagnostics("debug", output, false);
  try {
    for (const event of HOSTILE_EVENTS) diagnose(event, logger);
  } finally {
    await reset();
  }
  assertEquals(written.length, 2);
  for (const line of written) {
    assert(
      /^[^\p{Cc}\p{Cf}\p{Zl}]*forged[^\p{Cc}\p{Cf}\p{Zl}]*\n$/u.test(line),
      line,
    );
  }
});
