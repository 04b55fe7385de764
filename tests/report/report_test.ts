/**
 * Reading runs, summing them up, comparing them, and the report's command line.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import fc from "fast-check";
import {
  type IntervalEvent,
  mergeDelays,
  serveUdp,
  type StartedEvent,
} from "../../mod.ts";
import {
  compareRuns,
  csvSummary,
  differingSettings,
  markdownSummary,
  type Measurements,
  measurementsOf,
  mergeMeasurements,
  readRuns,
  rowsOf,
  verdictOf,
} from "../../report/mod.ts";
import { namesOf } from "../../report/names.ts";
import { MORE_COLUMNS } from "../../report/columns.ts";
import { lonePoints } from "../../report/page/lone_points.ts";
import { pageData } from "../../report/page_data.ts";
import { seriesOf } from "../../report/series.ts";
import { sweepsOf } from "../../report/sweeps.ts";
import { forgeHistogram, zeros } from "../setup/forged_histogram.ts";
import { evenly, linesOf, summaryOf, textOf } from "../setup/report_input.ts";
import {
  isFromSource,
  type Outcome,
  ROOT,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";

const DELAYS = evenly(1000, 100, 1100);

async function readOne(text: string) {
  return await readRuns([{ name: "run.jsonl", text }]);
}

async function measurements(
  delays: number[],
  lost?: number,
): Promise<Measurements> {
  const { clients } = await readOne(await textOf({ delays, lost }));
  return measurementsOf(clients[0])!;
}

Deno.test("readRuns() reads what a measuring client and its server print", async () => {
  await using server = startRole("tcp-server", [
    "--port",
    "0",
    "--json",
    "--once",
  ]);
  const port = await server.listening();
  const { stdout } = await runRole("tcp-client", [
    `127.0.0.1:${port}`,
    "--json",
    "--count",
    "200",
    "--warmup",
    "100ms",
    "--expect",
    "p50<10s",
  ]);
  const { stdout: served } = await server.outcome();
  const { clients, servers, problems } = await readRuns([
    { name: "client.jsonl", text: stdout },
    { name: "server.jsonl", text: served },
  ]);
  assertEquals(problems, []);
  assertEquals(
    clients.map(({ source, role }) => [source, role]),
    [["client.jsonl", "tcp-client"]],
  );
  assertEquals(clients[0].started?.count, 200);
  assertEquals(clients[0].result?.messages_received, 200);
  assertEquals(verdictOf(clients[0]), { text: "passed" });
  assert(clients[0].intervals.every(({ warmup }) => !warmup));
  assertEquals(servers.length, 1);
  assertEquals(servers[0].listening?.port, port);
  assertEquals(servers[0].connections, 1);
});

Deno.test("readRuns() reads a client that sends one message, with the peer it connected to", async () => {
  await using server = startRole("tcp-server", ["--port", "0"]);
  const port = await server.listening();
  const { stdout } = await runRole("tcp-client", [
    `127.0.0.1:${port}`,
    "--json",
  ]);
  const { clients, problems } = await readOne(stdout);
  assertEquals(problems, []);
  const [row] = rowsOf(clients);
  assertEquals([row.target, row.settings], [`127.0.0.1:${port}`, "TCP"]);
  assertEquals(row.measurements?.messages_received, 1);
});

Deno.test("readRuns() reads a client that could not connect as failed, and why", async () => {
  const port = 1;
  const { stdout, code } = await runRole("tcp-client", [
    `127.0.0.1:${port}`,
    "--json",
  ]);
  assertEquals(code, 3);
  const { clients } = await readOne(stdout);
  assertEquals(clients.length, 1);
  const { text, reason } = verdictOf(clients[0]);
  assertEquals(text, "failed");
  assertStringIncludes(reason!, "127.0.0.1:1");
});

Deno.test("readRuns() names several runs of one file by their numbers", async () => {
  const { clients, problems } = await readOne(
    await textOf({ delays: DELAYS }, { delays: [7, 8], failure: "too slow" }),
  );
  assertEquals(problems, []);
  assertEquals(
    clients.map((run) => [run.source, verdictOf(run).text]),
    [["run.jsonl #1", "passed"], ["run.jsonl #2", "failed"]],
  );
});

Deno.test("readRuns() reads a killed client as cut off, with the sums of its intervals", async () => {
  const lines = await linesOf({ delays: DELAYS, seconds: 4, lost: 40 });
  const text = lines.slice(0, 4).join("\n") + "\n" + lines[4].slice(0, 50);
  const { clients, problems } = await readOne(text);
  assertEquals(problems, [{
    file: "run.jsonl",
    line: 5,
    message: "it is cut short: was the program killed?",
  }]);
  assertEquals(verdictOf(clients[0]).text, "cut off");
  const figures = measurementsOf(clients[0])!;
  assertEquals([figures.messages_sent, figures.messages_received], [780, 750]);
  assertEquals([figures.datagrams?.lost, figures.rtt_us], [30, undefined]);
  assertEquals(figures.measured?.messages_per_second, 250);
});

for (
  const [what, line, message] of [
    ["a line that is not JSON", "Connected", "it is not JSON"],
    [
      "JSON of something else",
      '{"event":"result"}',
      "it is no event of echosounder's: it has no schema version",
    ],
    [
      "a bare value",
      "null",
      "it is no event of echosounder's: it has no schema version",
    ],
    [
      "another version of the schema",
      '{"event":"result","schema":1}',
      "it is of schema version 1, and this reads version 2",
    ],
    [
      "an event that it does not know",
      '{"event":"surprise","role":"tcp-client","time":"","schema":2}',
      'it is no event that the schema knows ("surprise")',
    ],
  ]
) {
  Deno.test(`readRuns() names ${what} with its line, and reads the rest`, async () => {
    const lines = await linesOf({ delays: DELAYS });
    const { clients, problems } = await readOne(
      [lines[0], line, ...lines.slice(1), ""].join("\n"),
    );
    assertEquals(problems, [{ file: "run.jsonl", line: 2, message }]);
    assertEquals(clients.length, 1);
    assertEquals(clients[0].result?.messages_received, 1000);
  });
}

Deno.test("readRuns() names a result whose histogram is damaged", async () => {
  const [started, , , result] = await linesOf({ delays: DELAYS });
  const damaged = result.replace(/"histogram":"[^"]*"/, '"histogram":"AAAA"');
  const { problems } = await readOne(`${started}\n${damaged}\n`);
  assertEquals(problems.map(({ message }) => message), [
    "its histogram cannot be used: it is not a compressed HdrHistogram (V2)",
  ]);
});

/** The problems of a result in which something has been replaced. */
async function problemsOf(
  pattern: RegExp,
  replacement: string,
  lost?: number,
): Promise<string[]> {
  const lines = await linesOf({ delays: DELAYS, lost });
  const result = lines[lines.length - 1].replace(pattern, replacement);
  const { problems } = await readOne(`${lines[0]}\n${result}\n`);
  return problems.map(({ message }) => message);
}

Deno.test("readRuns() refuses a histogram that inflates to more than one can hold, and never inflates it", async () => {
  const bomb = await forgeHistogram({ padding: zeros(16 * 1024 * 1024) });
  const small = await forgeHistogram({ tail: zeros(600_000) });
  const of = (histogram: string) =>
    problemsOf(/"histogram":"[^"]*"/, `"histogram":"${histogram}"`);
  assertEquals(await of(bomb), [
    "its histogram cannot be used: it inflates to more than 156712 bytes",
  ]);
  assertStringIncludes(
    (await of(small))[0],
    "characters, and can have 209256 at most",
  );
});

Deno.test("readRuns() refuses a histogram of other delays than the result counts", async () => {
  const histogram = await forgeHistogram({ counts: [0, 7] });
  assertEquals(
    await problemsOf(/"histogram":"[^"]*"/, `"histogram":"${histogram}"`),
    [
      "its histogram cannot be used: it holds 7 delays, and the line says 1000",
    ],
  );
});

for (const number of ["1e300", "9007199254740993", "-1", "0.5", "null"]) {
  for (const name of ["messages_sent", "bytes_received", "lost", "errors"]) {
    Deno.test(`readRuns() refuses a result whose ${name} is ${number}`, async () => {
      const pattern = new RegExp(`"${name}":\\d+`);
      assertEquals(await problemsOf(pattern, `"${name}":${number}`, 1), [
        'it is no event that the schema knows ("result")',
      ]);
    });
  }
}

Deno.test("readRuns() names a line that is too long for an event, and reads the rest", async () => {
  const lines = await linesOf({ delays: DELAYS });
  const long = `{"event":"result","schema":2,"${"x".repeat(5_000_000)}":1}`;
  const { clients, problems } = await readOne(
    [lines[0], long, ...lines.slice(1)].join("\n"),
  );
  assertEquals(problems, [{
    file: "run.jsonl",
    line: 2,
    message:
      "it is too long: 5000034 characters, and an event has 4194304 at most",
  }]);
  assertEquals(clients[0].result?.messages_received, 1000);
});

Deno.test("readRuns() names an empty file", async () => {
  const { clients, problems } = await readOne("\n \n");
  assertEquals(clients, []);
  assertEquals(problems, [{ file: "run.jsonl", message: "it is empty" }]);
});

Deno.test("mergeMeasurements() gives the percentiles of all messages, not a mean of percentiles", async () => {
  const [slow, fast] = [evenly(100, 10_000, 20_000), evenly(900, 100, 1000)];
  const merged = await mergeMeasurements([
    await measurements(slow, 5),
    await measurements(fast, 0),
  ]);
  const all = await summaryOf([...slow, ...fast]);
  assertEquals(merged.rtt_us, all);
  assertEquals(
    merged.rtt_us,
    await mergeDelays([await summaryOf(slow), await summaryOf(fast)]),
  );
  assertEquals([merged.messages_sent, merged.messages_received], [1005, 1000]);
  assertEquals(merged.datagrams?.lost, 5);
});

Deno.test("mergeMeasurements() tells no loss where one of the runs cannot", async () => {
  const delays = evenly(100, 100, 200);
  const merged = await mergeMeasurements([
    await measurements(delays, 5),
    await measurements(delays),
  ]);
  assertEquals(merged.datagrams?.lost, undefined);
});

Deno.test("seriesOf() keeps the worst of several seconds where a run is long", () => {
  const intervals = Array.from({ length: 3600 }, (_, i) => ({
    event: "interval" as const,
    began: new Date(i * 1000).toISOString(),
    elapsed_us: (i + 1) * 1e6,
    interval_us: 1e6,
    messages_sent: 10,
    messages_received: i === 1234 ? 4 : 10,
    bytes_sent: 640,
    bytes_received: 640,
    lost: i === 1234 ? 6 : 0,
    messages_per_second: 10,
    sent_bytes_per_second: 640,
    received_bytes_per_second: 640,
    rtt_us: {
      count: 10,
      min: 1,
      mean: 2,
      max: 9,
      p50: 2,
      p99: i === 1234 ? 999 : 9,
    },
  }));
  const series = seriesOf(intervals, 600)!;
  assertEquals(series.time.length, 600);
  assertEquals(series.time.at(-1), 3600);
  assertEquals(Math.max(...series.p99.map(Number)), 999);
  assertEquals(series.p99.filter((delay) => delay === 999).length, 1);
  assertEquals(Math.max(...series.loss!.map(Number)), 60);
  assertEquals(Math.max(...series.meanLoss!.map(Number)), 10);
  assertAlmostEquals(Math.min(...series.rate), 9);
  assertEquals(Math.min(...series.lowestRate!), 4);
});

/** An interval of a UDP client, of which only the counts matter. */
function second(
  i: number,
  messages_sent: number,
  lost: number,
): IntervalEvent {
  return {
    event: "interval",
    began: new Date(i * 1000).toISOString(),
    elapsed_us: (i + 1) * 1e6,
    interval_us: 1e6,
    messages_sent,
    messages_received: Math.max(messages_sent - lost, 0),
    bytes_sent: 0,
    bytes_received: 0,
    lost,
    messages_per_second: 0,
    sent_bytes_per_second: 0,
    received_bytes_per_second: 0,
  };
}

/** Intervals of a UDP client, by what each sent and lost. */
function secondsOf(...counts: [sent: number, lost: number][]) {
  return counts.map(([sent, lost], i) => second(i, sent, lost));
}

Deno.test("seriesOf() divides what was lost by what was sent, over all seconds of a point", () => {
  const seconds = secondsOf([100, 100], [1, 0], [99, 50], [100, 0]);
  assertEquals(seriesOf(seconds, 10)?.loss, [100, 0, 50.51, 0]);
  assertEquals(seriesOf(seconds, 2)?.meanLoss, [99.01, 25.13]);
  assertEquals(seriesOf(seconds, 2)?.loss, [100, 50.51]);
});

Deno.test("seriesOf() leaves out a share of loss that cannot be: of nothing sent, or of less than was lost", () => {
  const seconds = secondsOf([100, 1], [0, 0], [10, 130], [100, 0], [0, 1]);
  assertEquals(seriesOf(seconds, 10)?.loss, [1, null, null, 0, null]);
  assertEquals(seriesOf(seconds, 3)?.loss, [1, null, null]);
});

Deno.test("seriesOf() has no share of loss above 100 %, whatever the counts and the points", () => {
  const count = fc.nat(50);
  fc.assert(fc.property(
    fc.array(fc.tuple(count, count), { minLength: 1 }),
    fc.integer({ min: 1, max: 20 }),
    (counts, points) => {
      const { loss } = seriesOf(secondsOf(...counts), points)!;
      for (const share of loss!) {
        assert(share === null || (share >= 0 && share <= 100), String(share));
      }
    },
  ));
});

Deno.test("a run with an interval of more lost than sent gets a warning", async () => {
  const lines = await linesOf({ delays: DELAYS, lost: 100 });
  const old = lines.map((line) => line.replace(/"lost":50/, '"lost":5000'));
  const { runs } = await pageData(await readOne(old.join("\n")));
  assertEquals(runs[0].series?.loss, [null, null]);
  assertEquals(runs[0].warnings, [
    "2 intervals with more lost than sent, left out of the loss over time",
  ]);
});

Deno.test("lonePoints() finds points between gaps of their line, among points of other lines", () => {
  assertEquals(lonePoints([1, 2, null, 3, null, 4, 5]), [3]);
  assertEquals(lonePoints([7]), [0]);
  assertEquals(lonePoints([1, undefined, 2, null, undefined, 3]), [5]);
  assertEquals(lonePoints([null, undefined]), []);
});

Deno.test("compareRuns() finds every percentile worse that grew by more than the threshold", async () => {
  const base = [await measurements(evenly(20_000, 1000, 2000))];
  const now = [await measurements(evenly(20_000, 1150, 2300))];
  const worse = (threshold: number) =>
    compareRuns(base, now, threshold).figures
      .filter(({ judgement }) => judgement === "worse")
      .map(({ name }) => name);
  assertEquals(worse(10), ["p50", "p90", "p95", "p99", "p99.9"]);
  assertEquals(worse(20), []);
  assertEquals(compareRuns(base, now, 10).verdict, "worse");
  assertEquals(compareRuns(now, base, 10).verdict, "not worse");
});

Deno.test("compareRuns() does not judge a percentile of too few messages", async () => {
  const base = [await measurements(evenly(1000, 1000, 2000))];
  const now = [await measurements([...evenly(999, 1000, 2000), 50_000])];
  const { figures, verdict } = compareRuns(base, now, 10);
  const tail = figures.find(({ name }) => name === "p99.9");
  assertEquals([tail?.judgement, verdict], ["too few", "not worse"]);
});

Deno.test("compareRuns() finds a lower rate, and a larger share lost, worse", async () => {
  const base = [await measurements(evenly(2000, 100, 200), 0)];
  const now = [await measurements(evenly(1000, 100, 200), 1)];
  const { figures } = compareRuns(base, now, 10);
  const judged = Object.fromEntries(
    figures.map(({ name, judgement }) => [name, judgement]),
  );
  assertEquals(
    [judged.rate, judged.throughput, judged.loss, judged.corrupted, judged.p50],
    ["worse", "worse", "worse", "same", "same"],
  );
});

for (
  const [name, one, other, texts] of [
    ["service", { service: "discard" }, {}, ["discard", "echo"]],
    ["size", { size: 1 }, { size: 1400 }, ["1 byte", "1400 bytes"]],
    ["connections", {}, { connections: 8 }, ["1", "8"]],
    ["pipeline", { pipeline: 1 }, {}, ["1", "no limit"]],
    ["rate", { rate_per_second: 1003 }, { rate_per_second: 1004 }, [
      "1003/s",
      "1004/s",
    ]],
    ["rate", {}, { rate_per_second: 0.5 }, ["as answers come", "0.5/s"]],
    ["smallest size", {}, { smallest_size: 12, seed: 1 }, [
      "none drawn",
      "12 bytes",
    ]],
    ["bandwidth", {}, { bandwidth_bytes_per_second: 6_250_001 }, [
      "none",
      "6250001 bytes/s",
    ]],
    ["burst", {}, { burst: 10 }, ["1", "10"]],
    ["interval", {}, { interval_us: 200_000 }, ["none", "200 ms"]],
    ["timeout", { timeout_us: 1e6 }, {}, ["1 s", "5 s"]],
  ] satisfies [string, Partial<StartedEvent>, Partial<StartedEvent>, string[]][]
) {
  Deno.test(`differingSettings() tells a ${name} of ${texts.join(" from one of ")}`, async () => {
    const { clients } = await readOne(
      await textOf(
        { delays: DELAYS, settings: one },
        { delays: DELAYS, settings: other },
      ),
    );
    assertEquals(differingSettings(clients), [{
      name,
      values: [
        { text: texts[0], sources: ["run.jsonl #1"] },
        { text: texts[1], sources: ["run.jsonl #2"] },
      ],
    }]);
  });
}

Deno.test("sweepsOf() finds the runs of a file that differ in size alone, and begins anew where a size comes again", async () => {
  const sized = (size: number, settings = {}) => ({
    delays: DELAYS,
    settings: { size, ...settings },
  });
  const sum = JSON.stringify({
    event: "sweep",
    role: "tcp-client",
    time: "2026-01-02T03:04:05.000Z",
    schema: 2,
    passed: true,
    sizes: [{
      size: 64,
      passed: true,
      messages_sent: 1,
      messages_received: 1,
      bytes_sent: 64,
      bytes_received: 64,
    }],
  });
  const one = await textOf(
    sized(64),
    sized(512),
    sized(1472, { rate_per_second: 5 }),
    sized(64),
    sized(1472),
  );
  const other = await textOf(sized(64), sized(512, { smallest_size: 64 }));
  const { clients, problems } = await readRuns([
    { name: "one.jsonl", text: `${one}${sum}\n` },
    { name: "other.jsonl", text: other },
  ]);
  assertEquals([clients.length, problems], [7, []]);
  const swept = sweepsOf(clients);
  assertEquals(clients.map((run) => swept.get(run)), [
    { sweep: "one.jsonl #1", size: 64 },
    { sweep: "one.jsonl #1", size: 512 },
    undefined,
    { sweep: "one.jsonl #2", size: 64 },
    { sweep: "one.jsonl #2", size: 1472 },
    undefined,
    undefined,
  ]);
});

Deno.test("readRuns() takes a line about the client for no run", async () => {
  const listening = JSON.stringify({
    event: "metrics-listening",
    role: "tcp-client",
    time: "2026-01-02T03:04:05.000Z",
    schema: 2,
    host: "127.0.0.1",
    port: 9000,
  });
  const { clients, problems } = await readOne(
    `${listening}\n${await textOf({ delays: DELAYS })}`,
  );
  assertEquals([clients.length, problems], [1, []]);
});

Deno.test("differingSettings() tells TCP from UDP, and known settings from unknown ones", async () => {
  const { clients } = await readOne(
    await textOf({ delays: DELAYS }, { delays: DELAYS, lost: 0 }),
  );
  delete clients[1].started;
  const differing = differingSettings(clients);
  assertEquals(differing.map(({ name }) => name), [
    "transport",
    "service",
    "size",
    "smallest size",
    "connections",
    "workers",
    "pipeline",
    "rate",
    "bandwidth",
    "burst",
    "interval",
    "timeout",
    "under load",
  ]);
  assertEquals(differing[0].values.map(({ text }) => text), ["TCP", "UDP"]);
  assert(
    differing.slice(1).every(({ values }) => values[1].text === "unknown"),
  );
});

Deno.test("differingSettings() lets peer, count, duration and warm-up differ", async () => {
  const { clients } = await readOne(
    await textOf({ delays: DELAYS }, {
      delays: DELAYS,
      target: "192.0.2.2",
      settings: {
        peer_port: 7,
        count: 1000,
        duration_us: 5e6,
        warmup_us: 1e6,
      },
    }),
  );
  assertEquals(differingSettings(clients), []);
});

const HOSTILE = '<img src=x onerror="alert(1)">|`=1+1,"\u001b[31m';

Deno.test("markdownSummary() escapes markup in untrusted text", async () => {
  const { clients } = await readOne(
    await textOf({ delays: DELAYS, target: HOSTILE }),
  );
  const lines = markdownSummary(rowsOf(clients)).split("\n");
  assertEquals(lines.length, 4);
  const cells = lines.map((line) => line.split(/(?<!\\)\|/).length);
  assertEquals([cells[1], cells[2]], [cells[0], cells[0]]);
  assert(!/(?<!\\)[<`]/.test(lines[2]), lines[2]);
  assert(!lines[2].includes("\u001b"), lines[2]);
});

Deno.test("a run of which nobody knows whether anything arrived is no run that passed", async () => {
  const [started, _, __, result] = await linesOf({ delays: [100], lost: 0 });
  const one = JSON.parse(result);
  one.measured.arrival = "unknown";
  const { clients } = await readOne(`${started}\n${JSON.stringify(one)}\n`);
  assertEquals(verdictOf(clients[0]), {
    text: "sent",
    reason: "whether the datagrams arrived is unknown",
  });
});

Deno.test("the loss of a flow is a share of what that flow sent", async () => {
  const text = await textOf({
    delays: [100, 200],
    lost: 6,
    flows: {
      count: 2,
      bad: 1,
      unjudged: 0,
      each: [
        { connection: 2, local_port: 4001, sent: 4, lost: 3 },
        { connection: 1, local_port: 4000, sent: 3, lost: 2 },
      ],
    },
  });
  const { clients, problems } = await readRuns([{ name: "a.jsonl", text }]);
  assertEquals(problems, []);
  const [row] = rowsOf(clients);
  const column = MORE_COLUMNS.find(({ name }) => name === "flow_loss")!;
  assertEquals(column.text(row), "3 (75\u00a0%)");
});

Deno.test("a page has no more than 20,000 flows, the worst of each run", async () => {
  const each = Array.from({ length: 1000 }, (_, i) => ({
    connection: i + 1,
    local_port: 4000,
    sent: 1,
  }));
  const text = await textOf(...Array.from({ length: 40 }, () => ({
    delays: [100],
    flows: { count: 1000, unjudged: 1000, each },
  })));
  const { runs } = await pageData(await readRuns([{ name: "a.jsonl", text }]));
  const kept = runs.map(({ measurements }) =>
    measurements!.measured!.flows!.each
  );
  assertEquals(kept.flat().length, 20_000);
  assertEquals(kept[0].at(-1)!.connection, 500);
});

Deno.test("a page of more than a thousand runs has the figures of each way, without their histograms", async () => {
  const lines = await linesOf({ delays: DELAYS, lost: 0 });
  const result = JSON.parse(lines.pop()!);
  const way = { lost: 0, variation_us: await summaryOf(DELAYS) };
  result.directions = { out: way, back: way, lost_unknown: 0, notes: [] };
  const text = [...lines, JSON.stringify(result)].join("\n") + "\n";
  const { clients, ...rest } = await readRuns([{ name: "a.jsonl", text }]);
  const variationOf = async (count: number) => {
    const many = Array.from({ length: count }, () => clients[0]);
    const { runs } = await pageData({ clients: many, ...rest });
    return runs[0].measurements?.directions?.out.variation_us;
  };
  const [few, many] = [await variationOf(1000), await variationOf(1001)];
  assertEquals(few, way.variation_us);
  assertEquals(many, { ...way.variation_us, histogram: undefined });
});

Deno.test("csvSummary() quotes untrusted text, and lets none begin a formula", async () => {
  const { clients } = await readOne(
    await textOf({ delays: DELAYS, target: `=cmd|'/c calc',"x"` }),
  );
  const csv = csvSummary(rowsOf(clients));
  assertEquals(csv.split("\r\n").length, 3);
  assertStringIncludes(csv, `,"'=cmd|'/c calc',""x"":7000",`);
  const [names, values] = csv.split("\r\n").map((line) =>
    line.replaceAll(/"(?:[^"]|"")*"/g, "quoted").split(",")
  );
  assertEquals(values[names.indexOf("p50_us")], "599");
  assertEquals(values[names.indexOf("rate_per_second")], "500");
});

/** Runs the task in a folder with these files. */
async function report(
  args: string[],
  files: Record<string, string | Uint8Array> = {},
  stdin = "",
): Promise<Outcome & { out?: string }> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.writeFile(
        join(folder, name),
        typeof content === "string"
          ? new TextEncoder().encode(content)
          : content,
      );
    }
    await using process = new TestProcess([
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-read",
      "--allow-write",
      "--allow-run",
      "--no-prompt",
      `--config=${ROOT}report/deno.json`,
      `${ROOT}tasks/report.ts`,
      ...args.map((word) => word.replace("FOLDER", folder)),
    ], { stdin: ReadableStream.from([new TextEncoder().encode(stdin)]) });
    const { code, stdout, stderr } = await process.outcome();
    const out = await Deno.readTextFile(join(folder, "out"))
      .catch(() => undefined);
    const clean = (text: string) => text.replaceAll(folder, "FOLDER");
    return { code, stdout: clean(stdout), stderr: clean(stderr), out };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function taskTest(name: string, fn: () => Promise<void>): void {
  testWhere(isFromSource(), "it runs Deno itself", name, fn);
}

taskTest(
  "report writes a page to standard output, from files and standard input",
  async () => {
    const text = await textOf({ delays: DELAYS });
    const { code, stdout, stderr } = await report(
      ["FOLDER/a.jsonl", "-"],
      { "a.jsonl": text },
      text,
    );
    assertEquals([code, stderr], [0, ""]);
    assert(stdout.startsWith("<!doctype html>\n"), stdout.slice(0, 50));
    assertStringIncludes(stdout, '"source":"standard input"');
    assertStringIncludes(stdout, "a.jsonl");
  },
);

taskTest(
  "report gives its page a title and notes, in which markup is text",
  async () => {
    const { stdout } = await report(
      [
        ...["FOLDER/a.jsonl", "--title", "</title><b>Lab & 3"],
        ...["--note", "one", "--note", "<i>two"],
      ],
      { "a.jsonl": await textOf({ delays: DELAYS }) },
    );
    assertStringIncludes(
      stdout,
      "<title>&lt;/title>&lt;b>Lab &amp; 3</title>",
    );
    assertStringIncludes(stdout, '"notes":["one","\\u003ci>two"]');
  },
);

taskTest(
  "report names what it cannot use, reports the rest, and exits 0",
  async () => {
    const { code, stderr, out } = await report(
      [
        "FOLDER/a.jsonl",
        "FOLDER/b.jsonl",
        "FOLDER/c.jsonl",
        "FOLDER",
        "--summary",
        "csv",
        "--out",
        "FOLDER/out",
      ],
      { "a.jsonl": await textOf({ delays: DELAYS }) + "oops\n", "b.jsonl": "" },
    );
    assertEquals(code, 0);
    assertEquals(
      stderr.split("\n").map((line) => line.replace(/read: .*/, "read: …")),
      [
        "report: FOLDER/a.jsonl:5: it is not JSON",
        "report: FOLDER/b.jsonl: it is empty",
        "report: FOLDER/c.jsonl: it cannot be read: …",
        "report: FOLDER: it cannot be read: …",
        "",
      ],
    );
    assertEquals(out?.split("\r\n").length, 3);
  },
);

taskTest("report exits 1 where no run was left", async () => {
  const { code, stdout, stderr } = await report(
    ["FOLDER/a.jsonl"],
    { "a.jsonl": "Connected to 127.0.0.1:7\n" },
  );
  assertEquals([code, stdout], [1, ""]);
  assert(stderr.endsWith("report: there is no run to report\n"), stderr);
});

taskTest(
  "report reads what Windows PowerShell redirects, which is UTF-16",
  async () => {
    const text = await textOf({ delays: DELAYS });
    const utf16 = new Uint8Array(
      Uint16Array.from(`\ufeff${text}`, (unit) => unit.charCodeAt(0)).buffer,
    );
    const { code, stdout, stderr } = await report(
      ["FOLDER/a.jsonl", "--summary", "markdown"],
      { "a.jsonl": utf16 },
    );
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "| passed |");
  },
);

taskTest(
  "report --compare says what is worse, and exits 1 for it",
  async () => {
    const files = {
      "before.jsonl": await textOf({ delays: evenly(5000, 1000, 2000) }),
      "after.jsonl": await textOf({ delays: evenly(5000, 1000, 2500) }),
    };
    const both = ["FOLDER/before.jsonl", "FOLDER/after.jsonl"];
    const worse = await report(["--compare", ...both], files);
    assertEquals([worse.code, worse.stderr], [1, ""]);
    assert(/^p50 .*\+17 % {2}worse$/m.test(worse.stdout), worse.stdout);
    assert(
      worse.stdout.endsWith(
        "\nworse by more than 10 %; with one run of each, it may be chance\n",
      ),
      worse.stdout,
    );

    const within = await report(
      ["--compare", ...both, "--threshold", "30%"],
      files,
    );
    assertEquals([within.code, within.stderr], [0, ""]);
    assertStringIncludes(within.stdout, "\nnot worse by more than 30 %; ");

    const better = await report(
      ["--compare", ...both.toReversed(), "--summary", "markdown"],
      files,
    );
    assertEquals(better.code, 0);
    assertStringIncludes(
      better.stdout,
      "| p99 | 2.48 ms | 1.99 ms | -20 % | better |\n",
    );
  },
);

/** The text of several runs, each with its delays stretched by a factor. */
async function stretched(...factors: number[]): Promise<string> {
  return await textOf(...factors.map((factor) => ({
    delays: evenly(1000, 1000 * factor, 2000 * factor),
  })));
}

const SCATTER = [1, 1.01, 1.02, 1.03, 1.04, 1.05];
const SLOWER = SCATTER.map((factor) => 1.3 * factor);

taskTest(
  "report --compare tests several runs, in a file or in several with -- between the sides",
  async () => {
    const files = {
      "before.jsonl": await stretched(...SCATTER),
      "after.jsonl": await stretched(...SLOWER),
      "after1.jsonl": await stretched(...SLOWER.slice(0, 2)),
      "after2.jsonl": await stretched(...SLOWER.slice(2)),
    };
    const pair = await report(
      ["--compare", "FOLDER/before.jsonl", "FOLDER/after.jsonl"],
      files,
    );
    assertEquals([pair.code, pair.stderr], [1, ""]);
    assert(
      /^p50 .*\+30 % {2}0\.0022 {2}worse$/m.test(pair.stdout),
      pair.stdout,
    );
    assert(
      pair.stdout.endsWith(
        "\nworse by more than 10 % (p at most 0.05): p50, p90, p95, p99\n",
      ),
      pair.stdout,
    );
    const several = await report([
      "--compare",
      "FOLDER/before.jsonl",
      "--",
      "FOLDER/after1.jsonl",
      "FOLDER/after2.jsonl",
    ], files);
    assertEquals(several, pair);
  },
);

taskTest(
  "report --compare exits 2 where there are too few runs to tell, and says how many would do",
  async () => {
    const { code, stdout, stderr } = await report(
      ["--compare", "FOLDER/before.jsonl", "FOLDER/after.jsonl"],
      {
        "before.jsonl": await stretched(...SCATTER.slice(3)),
        "after.jsonl": await stretched(...SLOWER.slice(3)),
      },
    );
    assertEquals([code, stderr], [2, ""]);
    assert(
      stdout.endsWith(
        "\nit cannot be told: of 3 runs before and 3 after, no p can be below 0.1; " +
          "take 6 or more of each\n",
      ),
      stdout,
    );
    assert(!/worse|better|same/.test(stdout), stdout);
  },
);

taskTest(
  "report --compare --page writes a page beside the text",
  async () => {
    const { code, stdout, out } = await report(
      [
        "--compare",
        "--page",
        "FOLDER/out",
        "FOLDER/before.jsonl",
        "FOLDER/after.jsonl",
      ],
      {
        "before.jsonl": await stretched(...SCATTER),
        "after.jsonl": await stretched(...SCATTER.toReversed()),
      },
    );
    assertEquals(code, 0);
    assert(
      stdout.endsWith(
        "\nnothing is found worse by more than 10 % (p at most 0.05)\n",
      ),
      stdout,
    );
    assert(out!.startsWith("<!doctype html>\n"));
    assertStringIncludes(out!, '"verdict":"not worse"');
  },
);

taskTest(
  "report --compare leaves out runs that were cut off, and says so",
  async () => {
    const text = await textOf({ delays: DELAYS });
    const lines = await linesOf({ delays: DELAYS });
    const { code, stderr } = await report(
      ["--compare", "FOLDER/a.jsonl", "FOLDER/b.jsonl"],
      { "a.jsonl": text, "b.jsonl": lines.slice(0, 2).join("\n") },
    );
    assertEquals(code, 1);
    assertEquals(
      stderr,
      "report: FOLDER/b.jsonl: left out, it has no result\n" +
        "report: FOLDER/b.jsonl: there is no run to compare\n",
    );
  },
);

taskTest(
  "report --compare refuses runs whose settings differ, and names each with its values",
  async () => {
    const files = {
      "echo.jsonl": await textOf({ delays: DELAYS, lost: 0 }),
      "discard.jsonl": await textOf({
        delays: DELAYS,
        settings: { service: "discard" },
      }),
    };
    const args = ["--compare", "FOLDER/echo.jsonl", "FOLDER/discard.jsonl"];
    const differences =
      "  transport: UDP (FOLDER/echo.jsonl), TCP (FOLDER/discard.jsonl)\n" +
      "  service: echo (FOLDER/echo.jsonl), discard (FOLDER/discard.jsonl)\n";
    const refused = await report(args, files);
    assertEquals(refused, {
      code: 2,
      stdout: "",
      stderr:
        "report: the runs differ in their settings, and are compared only with --different-settings:\n" +
        differences,
      out: undefined,
    });

    const judged = await report([...args, "--different-settings"], files);
    assertEquals([judged.code, judged.stderr], [0, ""]);
    assert(
      judged.stdout.startsWith(`different settings:\n${differences}\n  `),
      judged.stdout,
    );
    assert(/^p50 .* same$/m.test(judged.stdout), judged.stdout);

    const table = await report(
      [...args, "--different-settings", "--summary", "markdown"],
      files,
    );
    assert(
      table.stdout.startsWith(
        "different settings:\n\n- transport: UDP (FOLDER/echo.jsonl), TCP (",
      ),
      table.stdout,
    );
  },
);

taskTest(
  "report --compare refuses runs of one file that differ among themselves",
  async () => {
    const run = { delays: DELAYS };
    const small = { ...run, settings: { size: 32 } };
    const { code, stderr } = await report(
      ["--compare", "FOLDER/a.jsonl", "FOLDER/b.jsonl"],
      {
        "a.jsonl": await textOf(run, run, run, run, small),
        "b.jsonl": await textOf(run),
      },
    );
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      "\n  size: 64 bytes (FOLDER/a.jsonl #1, FOLDER/a.jsonl #2, " +
        "FOLDER/a.jsonl #3 and 2 more), 32 bytes (FOLDER/a.jsonl #5)\n",
    );
  },
);

for (
  const [args, message] of [
    [[], "name the files to report, or - for standard input"],
    [
      ["--compare", "one.jsonl"],
      "--compare takes two files, or more with -- between those before and after",
    ],
    [
      ["--compare", "a", "b", "c"],
      "--compare takes two files, or more with -- between those before and after",
    ],
    [
      ["--compare", "--", "a", "b"],
      "--compare takes two files, or more with -- between those before and after",
    ],
    [
      ["--compare", "a", "b", "--", "c", "a"],
      "--compare: a is named twice",
    ],
    [
      ["--compare", "a", "--", "b", "--threshold", "5%"],
      "options come before --, and --threshold comes after it",
    ],
    [
      ["--page", "page.html", "one.jsonl"],
      "--page goes with --compare",
    ],
    [
      ["--threshold", "5%", "one.jsonl"],
      "--threshold goes with --compare",
    ],
    [
      ["--different-settings", "one.jsonl"],
      "--different-settings goes with --compare",
    ],
    [
      ["--compare", "--threshold", "much", "a", "b"],
      '--threshold: "much" is not a percentage: write 10%',
    ],
    [
      ["--summary", "html", "a"],
      '--summary: "html" is not one of markdown, csv',
    ],
    [
      ["--compare", "--summary", "csv", "a", "b"],
      "--compare gives text, or with --summary markdown a table",
    ],
    [
      ["--title", "Lab", "--summary", "csv", "a"],
      "--title is for a page: leave out --summary, or with --compare give --page",
    ],
    [
      ["--note", "new switch", "--compare", "a", "b"],
      "--note is for a page: leave out --summary, or with --compare give --page",
    ],
    [["--comparee"], "unknown option --comparee; did you mean --compare?"],
  ] as const
) {
  taskTest(`report ${args.join(" ")} is a wrong command line`, async () => {
    const { code, stdout, stderr } = await report([...args]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(
      stderr,
      `report: ${message}\nTry: deno task report --help\n`,
    );
  });
}

taskTest(
  "report says what to do about a file that it cannot write",
  async () => {
    const { code, stderr } = await report(
      ["FOLDER/a.jsonl", "--summary", "csv", "--out", "FOLDER/none/out"],
      { "a.jsonl": await textOf({ delays: DELAYS }) },
    );
    assertEquals(code, 1);
    assert(
      stderr.startsWith("report: cannot write FOLDER/none/out: "),
      stderr,
    );
  },
);

taskTest(
  "report lets no file's name and no line forge its own output",
  async () => {
    const { code, stderr } = await report(["FOLDER/a\u001b[31m\nreport: fine"]);
    assertEquals(code, 1);
    assert(!stderr.includes("\u001b"), stderr);
    assertEquals(stderr.split("\n").length, 3);
  },
);

Deno.test("readRuns() reads a measuring UDP client, its loss included", async () => {
  await using server = serveUdp({ hostname: "127.0.0.1", port: 0 });
  const { stdout } = await runRole("udp-client", [
    `127.0.0.1:${server.addr.port}`,
    "--json",
    "--count",
    "50",
    "--duration",
    "10s",
  ]);
  const { clients, problems } = await readOne(stdout);
  assertEquals(problems, []);
  const { messages_received, datagrams } = measurementsOf(clients[0])!;
  assertEquals([messages_received, datagrams?.lost], [50, 0]);
  assertEquals(typeof datagrams?.jitter_us, "number");
});

Deno.test("compareRuns() finds what grew on one way alone", async () => {
  const run = async (lost: number, slowest: number): Promise<Measurements> => {
    const fast = await summaryOf(evenly(10_000, 1, 100));
    const slow = await summaryOf(evenly(10_000, 1, slowest));
    return {
      messages_sent: 10_000,
      messages_received: 10_000 - lost,
      bytes_sent: 0,
      bytes_received: 0,
      duration_us: 1e6,
      rtt_us: fast,
      directions: {
        out: { lost: 0, variation_us: fast },
        back: { lost, variation_us: slow },
        reflector_us: fast,
      },
    };
  };
  const { figures, verdict } = compareRuns(
    [await run(10, 100)],
    [await run(30, 5000)],
    20,
  );
  assertEquals(verdict, "worse");
  const judged = Object.fromEntries(
    figures.map(({ name, judgement }) => [name, judgement]),
  );
  assertEquals(
    [
      "loss.out",
      "loss.back",
      "variation.out.p99",
      "variation.back.p99",
      "reflector.p99",
    ].map((name) => judged[name]),
    ["same", "worse", "same", "worse", "same"],
  );
});

Deno.test("a run that never began is named by the labels of its error", async () => {
  const error = JSON.stringify({
    event: "error",
    role: "tcp-client",
    time: "2026-01-02T03:04:05.000Z",
    schema: 2,
    code: "cannot-connect",
    message: "Unable to connect to server!",
    exit_code: 3,
    label: "rack 7",
    source_label: "lab",
  });
  const { clients } = await readOne(`${error}\n`);
  assertEquals(namesOf(clients), ["lab → rack 7"]);
});
