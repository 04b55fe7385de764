import { assert, assertEquals } from "@std/assert";
import { reset } from "@logtape/logtape";
import { diagnose, setUpDiagnostics } from "../../../cli/output/diagnostics.ts";
import type { Output } from "../../../cli/output/writer.ts";
import type { ProgramEvent, SweptSize } from "../../../events/line.ts";
import type {
  Expectation,
  FlowComparison,
  FlowFigures,
  Measured,
  Reflections,
  ResultEvent,
} from "../../../events/mod.ts";
import { oneLine, printable } from "../../../text/printable.ts";
import { stripVTControlCharacters } from "node:util";
import type { Metric } from "../../../measure/metrics.ts";
import { delayChart } from "../../../cli/output/delay_chart.ts";
import {
  formatDuration,
  formatExactDuration,
  formatExpectation,
  formatPart,
  formatRate,
  formatShare,
  formatSize,
  toAscii,
} from "../../../text/format.ts";
import { textLines } from "../../../cli/output/text.ts";
import type { DelayCount } from "../../../measure/histogram.ts";
import { bytes } from "../../setup/bytes.ts";

Deno.test("printable() says that a long datagram is cut, also where escapes make it longer", () => {
  assertEquals(printable(bytes("a".repeat(1024))), "a".repeat(1024));
  assertEquals(
    printable(bytes("a".repeat(1025))),
    `${"a".repeat(1024)}... (1025 bytes)`,
  );
  assertEquals(
    printable(bytes("\x01\x02".repeat(2500))),
    `${"\\u{1}\\u{2}".repeat(512)}... (5000 bytes)`,
  );
});

Deno.test("printable() ends at the first NUL, and says how much follows", () => {
  const cases: [text: string, shown: string][] = [
    [`a test${"\0".repeat(1018)}`, "a test (1018 more bytes, from a NUL on)"],
    ["a test\0with more", "a test (10 more bytes, from a NUL on)"],
    ["a test\0", "a test (1 more byte, a NUL)"],
    ["\0".repeat(1024), "(1024 bytes, from a NUL on)"],
    ["\0", "(1 byte, a NUL)"],
  ];
  for (const [text, shown] of cases) {
    assertEquals(printable(bytes(text)), shown);
  }
});

Deno.test("printable() shows a run of the same unprintable character once, with its length", () => {
  assertEquals(
    printable(bytes(`a${"\x07".repeat(900)}b${"\x1b".repeat(3)}`)),
    "a\\u{7} (900 times)b\\u{1b}\\u{1b}\\u{1b}",
  );
  assertEquals(
    printable(new Uint8Array(500).fill(0xff)),
    "\\u{fffd} (500 times)",
  );
  assertEquals(oneLine("\u{e0001}".repeat(4)), "\\u{e0001} (4 times)");
});

Deno.test("printable() escapes what is not UTF-8", () => {
  assertEquals(printable(new Uint8Array([0x61, 0xff, 0x62])), "a\\u{fffd}b");
});

Deno.test("formatDuration() gives three digits and the unit that fits", () => {
  assertEquals(
    [0, 0.25, 27.04, 999.4, 999.6, 12_345, 999_600, 59_940_000].map(
      formatDuration,
    ),
    [
      "0 s",
      "0.250 µs",
      "27.0 µs",
      "999 µs",
      "1.00 ms",
      "12.3 ms",
      "1.00 s",
      "59.9 s",
    ],
  );
});

Deno.test("formatDuration() writes long times in minutes and hours", () => {
  assertEquals(
    [59.96, 60, 90.4, 3599.4, 3599.6, 4320, 90_000].map((seconds) =>
      formatDuration(seconds * 1e6)
    ),
    [
      "1 min",
      "1 min",
      "1 min 30 s",
      "59 min 59 s",
      "1 h",
      "1 h 12 min",
      "25 h",
    ],
  );
});

Deno.test("formatExactDuration() writes a time in full", () => {
  assertEquals(
    [0, 250, 200_000, 1_234_000, 5e6, 90e6, 90.5e6, 3600e6, 5400e6, 3601e6]
      .map(formatExactDuration),
    [
      "0 s",
      "250 µs",
      "200 ms",
      "1.234 s",
      "5 s",
      "1 min 30 s",
      "1 min 30.5 s",
      "1 h",
      "1 h 30 min",
      "60 min 1 s",
    ],
  );
});

Deno.test("sizes in a sentence are exact for a datagram, and readable above", () => {
  assertEquals(
    [0, 1, 14, 65_507, 100_000, 3_663_000_000].map(formatSize),
    ["0 bytes", "1 byte", "14 bytes", "65507 bytes", "100 kB", "3.66 GB"],
  );
  assertEquals(
    [formatPart(10, 14), formatPart(34_668_544, 1e8), formatPart(1, 1e8)],
    ["10 of 14 bytes", "34.7 MB of 100 MB", "1 byte of 100 MB"],
  );
});

Deno.test("an expectation is written with its limit in full, and its value in three digits", () => {
  const written = (
    metric: Metric,
    unit: Expectation["unit"],
    limit: number,
    value?: number,
  ) =>
    formatExpectation({
      metric,
      operator: "<",
      limit,
      unit,
      value,
      held: true,
    });
  assertEquals(
    [
      written("p99", "us", 1234, 1203.4),
      written("p99", "us", 5000),
      written("loss", "percent", 0.5, 100 / 3),
      written("errors", "messages", 3, 0),
      written("rate", "per-second", 12_345, 12_345.6),
      written("throughput", "bytes-per-second", 999_900_000, 123_456_789),
    ],
    [
      "p99 < 1.234 ms: 1.20 ms",
      "p99 < 5 ms: no such figure",
      "loss < 0.5 %: 33.33 %",
      "errors < 3: 0",
      "rate < 12345/s: 12.3 k/s",
      "throughput < 999.9 MB/s (7.9992 Gbit/s): 123 MB/s (988 Mbit/s)",
    ],
  );
});

Deno.test("without colours our own units are ASCII, and untrusted text stays as it is", () => {
  const [text, line] = textLines({
    event: "datagram",
    peer_host: "127.0.0.1",
    peer_port: 7,
    bytes_received: 3,
    bytes_sent: 3,
    data: bytes("5µ"),
  }, { oneShot: true, transport: "UDP", ascii: true });
  assertEquals([text, line], [
    "5µ",
    "127.0.0.1:7: 3 bytes received, 3 bytes sent",
  ]);
  assertEquals(toAscii(formatDuration(5)), "5.00 us");
});

Deno.test("a summary writes one datagram in the singular and several in the plural", () => {
  const summary = (datagrams: number, suppressed = 0) =>
    textLines({
      event: "summary",
      bytes_received: datagrams,
      bytes_sent: datagrams,
      rejected: 0,
      faults: 0,
      duration_us: 1000,
      datagrams: { received: datagrams, sent: datagrams, suppressed },
    }, { oneShot: false, transport: "UDP", ascii: false })[0];
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

Deno.test("a reflector's summary writes what it counted, and a step of the clock says which way", () => {
  const style = { oneShot: false, transport: "UDP" as const, ascii: false };
  const summary = (reflections: Reflections) =>
    textLines({
      event: "summary",
      bytes_received: 44,
      bytes_sent: 44,
      rejected: 0,
      faults: 0,
      duration_us: 1000,
      datagrams: { received: 1, sent: 1, suppressed: 0 },
      reflections,
    }, style)[0].replace(/^.*rejected/, "");
  const none = {
    sessions: 0,
    sessions_forgotten: 0,
    short: 0,
    too_short: 0,
    wrong_hmac: 0,
    reflected_already: 0,
    standstills: 0,
    estimated: 0,
    clock_steps: 0,
  };
  assertEquals(summary(none), "");
  assertEquals(
    summary({ ...none, sessions: 1, clock_steps: 1 }),
    ", 1 session, 1 step of the clock",
  );
  assertEquals(
    summary({
      sessions: 2,
      sessions_forgotten: 3,
      short: 4,
      too_short: 5,
      wrong_hmac: 6,
      reflected_already: 7,
      standstills: 8,
      estimated: 9,
      clock_steps: 10,
    }),
    ", 2 sessions, 3 forgotten, 4 from TWAMP Light senders, 5 too short, " +
      "6 with a wrong HMAC, 7 reflected already, 8 times at a standstill, " +
      "9 with an estimated arrival, 10 steps of the clock",
  );
  assertEquals(
    textLines(
      { event: "clock-stepped", step_us: 2_500_000, direction: "backwards" },
      style,
    ),
    ["The system's time was set backwards by 2.50 s"],
  );
});

Deno.test("delayChart() draws delays on a logarithmic scale, in the width that there is", () => {
  const delays: DelayCount[] = [[100, 50], [1000, 25], [100_000, 1]];
  const lines = delayChart(delays, formatDuration, {
    width: 60,
    ascii: true,
  });
  assertEquals(lines.length, 10);
  assert(lines.every((line) => line.length <= 60), lines.join("\n"));
  // Three powers of ten take ten lines: the second is about a third down.
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

Deno.test("delayChart() draws delays that are all alike, in eighths of a character", () => {
  const one = delayChart([[100, 3]], formatDuration, {
    width: 40,
    ascii: false,
  });
  assertEquals(one.length, 1);
  assert(one[0].startsWith("  ≤ 100 µs │ 3 █"), one[0]);
  const [half] = delayChart(
    [[100, 1], [1000, 1000]],
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

Deno.test("a result each way fits into 80 columns, and says what is relative and what is unknown", () => {
  const delays = {
    count: 198,
    min: 0,
    mean: 230.1,
    max: 401_123.4,
    p50: 210,
    p99: 123_456,
  };
  const way = {
    lost: 1234,
    duplicates: 1234,
    reordered: 1234,
    jitter_us: 123_456,
    variation_us: delays,
  };
  const lines = textLines({
    event: "result",
    passed: true,
    messages_sent: 2000,
    messages_received: 1980,
    bytes_sent: 12_800,
    bytes_received: 12_672,
    duration_us: 2_000_000,
    directions: {
      out: way,
      back: { duplicates: 0, variation_us: delays, delay_us: delays },
      lost_unknown: 7,
      reflector_us: delays,
      clock: {
        offset_us: -123_456_789,
        bound_us: 123_456,
        error_us: 123_456,
        absolute: false,
        steps: 0,
        own_steps: 0,
      },
      notes: ["why"],
    },
    measured: {
      errors: 0,
      instrument: {
        timer_lateness_us: { p50: 100, p99: 200, max: 300 },
        cpu_share: 0.5,
        warnings: [],
      },
    },
  }, { oneShot: false, transport: "UDP", ascii: false });
  const text = stripVTControlCharacters(lines.join("\n"));
  for (const line of text.split("\n")) assert(line.length <= 80, line);
  const [, directed] = text.split(/(?= {2}way out)/);
  assertEquals(
    directed,
    `  way out       1234 (62 %) lost, 1234 (62 %) duplicated
                1234 (62 %) reordered, jitter 123 ms
                beyond the fastest p50 +210 µs, p99 +123 ms, max +401 ms
  way back      0 duplicated
                beyond the fastest p50 +210 µs, p99 +123 ms, max +401 ms
                delay min 0 s, p50 210 µs, p99 123 ms, max 401 ms
  either way    7 (0.35 %) lost
  reflector     p50 210 µs, p99 123 ms, max 401 ms
  clocks        the reflector's is 2 min 3 s behind
                ± 123 ms (half the fastest round trip) ± 123 ms (their error)
                delays each way are relative to the fastest
note: why`,
  );
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
    duration_us: 2_000_000,
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
    datagrams: {
      lost: 2,
      corrupted: 0,
      late: 1,
      duplicates: 0,
      reordered: 4,
      reordering_distance: 2,
      jitter_us: 12.5,
      strays: 0,
    },
    measured: {
      messages_per_second: 99,
      sent_bytes_per_second: 6400,
      received_bytes_per_second: 6336,
      late_sends: 3,
      errors: 0,
      in_flight: 0,
      instrument: {
        timer_lateness_us: { p50: 100, p99: 200, max: 300 },
        cpu_share: 0.5,
        warnings: ["the client was slow"],
      },
    },
    expectations: [{
      metric: "loss",
      operator: "<=",
      limit: 0.5,
      unit: "percent",
      value: 1,
      held: false,
    }],
  }, { oneShot: false, transport: "UDP", ascii: true });
  assertEquals(lines.map(stripVTControlCharacters), [
    "failed: 200 sent, 198 back in 2.00 s",
    "  speed         99 messages/s, 6.40 kB/s out, 6.34 kB/s in",
    "                51.2 kbit/s out, 50.7 kbit/s in",
    "  datagrams     2 (1 %) lost, 1 (0.5 %) late, 0 duplicated, 0 corrupted",
    "                4 (2 %) reordered by up to 2, jitter 12.5 us",
    "  round trip    p50 210 us, p90 300 us, p99 4.00 ms, p99.9 40.0 ms",
    "                min 101 us, mean 230 us, max 40.1 ms",
    "  late sends    3 (1.5 %)",
    "warning: the client was slow",
    "expected loss <= 0.5 %: 1 %, did not hold",
  ]);
});

Deno.test("a result names the flows that fare worse than the rest, and the worst eight", () => {
  const each = Array.from({ length: 10 }, (_, i): FlowFigures => ({
    connection: i + 1,
    local_port: 40_000 + i,
    sent: 100,
    lost: i === 0 ? 12 : 0,
    p50_us: 200 + i,
    p99_us: 4000,
    worse_by: i === 0 ? ["loss", "delay"] : undefined,
  }));
  const rows = (flows: FlowComparison) =>
    textLines({
      event: "result",
      passed: true,
      messages_sent: 1000,
      messages_received: 988,
      bytes_sent: 64_000,
      bytes_received: 63_232,
      duration_us: 2_000_000,
      measured: {
        errors: 0,
        flows,
        instrument: {
          timer_lateness_us: { p50: 100, p99: 200, max: 300 },
          cpu_share: 0.5,
          warnings: [],
        },
      },
    }, { oneShot: false, transport: "UDP", ascii: true })
      .map(stripVTControlCharacters).slice(2);
  const harmed = rows({ count: 10, bad: 1, unjudged: 2, each });
  assertEquals(harmed.slice(0, 3), [
    "  flows         1 of 10 worse than the rest; 2 sent too little to tell",
    "                port 40000: 12 (12 %) lost, p50 200 us, p99 4.00 ms: worse by loss and delay",
    "                port 40001: 0 lost, p50 201 us, p99 4.00 ms",
  ]);
  assertEquals(harmed.length, 9);
  // Where none is worse, the worst one is enough.
  assertEquals(rows({ count: 10, bad: 0, unjudged: 0, each: each.slice(1) }), [
    "  flows         none of 10 worse than the rest",
    "                port 40001: 0 lost, p50 201 us, p99 4.00 ms",
  ]);
  assertEquals(rows({ count: 10, unjudged: 10, each }), [
    "  flows         10, too little sent to compare them",
  ]);
});

Deno.test("a result says what is unknown, and what was in flight at its end", () => {
  const result = {
    event: "result" as const,
    passed: true,
    messages_sent: 200,
    messages_received: 0,
    bytes_sent: 12_800,
    bytes_received: 0,
    duration_us: 1_000_000,
  };
  const measured: Measured = {
    errors: 0,
    instrument: {
      timer_lateness_us: { p50: 100, p99: 200, max: 300 },
      cpu_share: 0.5,
      warnings: [],
    },
  };
  const fast: Measured = {
    ...measured,
    messages_per_second: 200,
    sent_bytes_per_second: 12_800,
    received_bytes_per_second: 0,
  };
  const style = { oneShot: false, transport: "UDP" as const, ascii: true };
  const lines = (event: ResultEvent) =>
    textLines(event, style).map(stripVTControlCharacters);
  const unknown = {
    ...result,
    datagrams: { strays: 0 },
    measured: { ...fast, arrival: "unknown" as const },
  };
  assertEquals(lines(unknown), [
    "sent: 200 datagrams in 1.00 s; whether they arrived is unknown",
    "  speed         200 messages/s, 12.8 kB/s out",
    "                102 kbit/s out",
  ]);
  assertEquals(lines({ ...result, measured, passed: false }), [
    "failed: 200 sent in 1.00 s",
    "  speed         unknown: the peer did not confirm that it received everything",
  ]);
  assertEquals(
    lines({
      ...result,
      measured: { ...fast, in_flight: 10 },
      passed: false,
      messages_received: 190,
    })[0],
    "failed: 200 sent, 190 back, 10 in flight in 1.00 s",
  );
});

Deno.test("a sweep is a table of its sizes, without the columns that nothing is known for", () => {
  const swept = {
    passed: true,
    messages_sent: 200,
    messages_received: 200,
    bytes_sent: 12_800,
    bytes_received: 12_800,
    messages_per_second: 200,
    sent_bytes_per_second: 12_800,
    received_bytes_per_second: 12_800,
    rtt_us: { count: 200, min: 1, mean: 2, max: 40, p50: 2, p99: 30 },
  };
  const style = { oneShot: false, transport: "UDP" as const, ascii: true };
  const lines = (sizes: SweptSize[]) =>
    textLines({ event: "sweep", passed: false, sizes }, style)
      .map(stripVTControlCharacters);
  assertEquals(
    lines([
      { ...swept, size: 64, lost: 0 },
      { ...swept, size: 1472, lost: 2, passed: false },
    ]),
    [
      "by size",
      "  bytes     lost      p50      p99  messages/s                      in",
      "     64        0  2.00 us  30.0 us         200  12.8 kB/s (102 kbit/s)",
      "   1472  2 (1 %)  2.00 us  30.0 us         200  12.8 kB/s (102 kbit/s)  failed",
    ],
  );
  const oneWay = { ...swept, bytes_received: 0, received_bytes_per_second: 0 };
  assertEquals(
    lines([{ ...oneWay, size: 100, rtt_us: undefined }]),
    [
      "by size",
      "  bytes  messages/s                     out",
      "    100         200  12.8 kB/s (102 kbit/s)",
    ],
  );
});

Deno.test("a run of drawn sizes says by which seed, so that they can be drawn again", () => {
  const started = {
    event: "started" as const,
    target: "box",
    peer_host: "192.0.2.1",
    peer_port: 7,
    service: "echo" as const,
    size: 1472,
    connections: 1,
    timeout_us: 5e6,
  };
  const style = { oneShot: false, transport: "UDP" as const, ascii: true };
  assertEquals(textLines(started, style), []);
  assertEquals(
    textLines({ ...started, smallest_size: 64, seed: 5 }, style)
      .map(stripVTControlCharacters),
    ["sizes from 64 to 1472 bytes, --seed 5"],
  );
});

/** Clears the screen, forges a line, and reverses text. */
const HOSTILE = "\x1b[2J\r\n2026-01-01 forged\x9b31m\u202e\u2028";
const FROM_HOSTILE = { peer_host: HOSTILE, peer_port: 7 };

/** Every event with untrusted text, all of it hostile. */
const HOSTILE_EVENTS: ProgramEvent[] = [
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
  { event: "dropped", ...FROM_HOSTILE, reason: "too-short" },
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

for (const oneShot of [false, true]) {
  Deno.test(`untrusted text forges no line and no escape sequence in ${oneShot ? "one-shot text" : "text"}`, () => {
    const style = { oneShot, transport: "TCP" as const, ascii: false };
    // The colours are our own.
    // deno-lint-ignore no-control-regex
    const colour = /\x1b\[\d+m/g;
    const lines = HOSTILE_EVENTS.flatMap((event) => textLines(event, style))
      .map((line) => line.replaceAll(colour, ""));
    assert(lines.some((line) => line.includes("forged")));
    for (const line of lines) assert(!/[\p{Cc}\p{Cf}\p{Zl}]/u.test(line), line);
  });
}

Deno.test("untrusted text forges no line and no escape sequence in diagnostics", async () => {
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
