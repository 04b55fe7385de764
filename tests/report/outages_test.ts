/**
 * Runs over hours: several targets, outages, and what is left of a run that was
 * killed.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { serveUdp } from "../../mod.ts";
import {
  compareRuns,
  csvSummary,
  markdownSummary,
  type Measurements,
  measurementsOf,
  mergeMeasurements,
  readRuns,
  rowsOf,
  type Runs,
  verdictOf,
} from "../../report/mod.ts";
import { pageData } from "../../report/page_data.ts";
import { type LongRun, longRunLines, longRunText } from "../setup/long_run.ts";
import { evenly, linesOf, textOf } from "../setup/report_input.ts";
import { startRole } from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { signalTest } from "../setup/where.ts";

const FROM = Date.parse("2026-11-24T21:00:00Z");
const MINUTES: LongRun = { from: FROM, seconds: 600, every: 60 };
const SECONDS: LongRun = { from: FROM, seconds: 600, every: 1 };

async function readOne(text: string): Promise<Runs> {
  return await readRuns([{ name: "run.jsonl", text }]);
}

async function figuresOf(run: LongRun): Promise<Measurements> {
  const { clients, problems } = await readOne(await longRunText(run));
  assertEquals(problems, []);
  return measurementsOf(clients[0])!;
}

/** The lines of several targets, as one client prints them: in turns. */
async function interleaved(...runs: LongRun[]): Promise<string[]> {
  const all = await Promise.all(
    runs.map((run) => Array.fromAsync(longRunLines(run))),
  );
  const longest = Math.max(...all.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => i)
    .flatMap((i) => all.flatMap((lines) => lines[i] ?? []));
}

Deno.test("readRuns() makes a run of each target of a client with several", async () => {
  const lines = await interleaved(
    { ...MINUTES, of: "core", label: "core", outages: [[60, 90]] },
    { ...MINUTES, of: "192.0.2.2:7000" },
  );
  const head = { role: "udp-client", time: "2026-11-24T22:00:00.000Z" };
  const verdict = { passed: true, targets: 2, failed: [] };
  // What it has measured so far is told on demand.
  const asked = lines.findIndex((line) => line.includes('"event":"interval"'));
  const { passed: _, ...soFar } = JSON.parse(lines[lines.length - 1]);
  lines.splice(asked, 0, JSON.stringify({ ...soFar, event: "progress" }));
  const text = [
    ...lines,
    JSON.stringify({ event: "verdict", schema: 2, ...head, ...verdict }),
  ].join("\n");
  const { clients, problems } = await readOne(text);
  assertEquals(problems, []);
  assertEquals(
    rowsOf(clients).map(({ name, source, verdict, measurements }) => [
      name,
      source,
      verdict.text,
      measurements?.messages_received,
      measurements?.measured?.outages?.count,
    ]),
    [
      ["core", "run.jsonl #1", "passed", 2850, 1],
      ["192.0.2.2:7000", "run.jsonl #2", "passed", 3000, 0],
    ],
  );
});

Deno.test("readRuns() gives a target's error to its run, and another's result to that one", async () => {
  const lines = await interleaved(
    { ...MINUTES, of: "a", isKilled: true },
    { ...MINUTES, of: "b" },
  );
  lines.push(JSON.stringify({
    event: "error",
    role: "udp-client",
    time: "2026-11-24T22:00:00.000Z",
    schema: 2,
    of_target: "a",
    code: "failed",
    message: "no more",
    exit_code: 4,
  }));
  const { clients } = await readOne(lines.join("\n"));
  assertEquals(clients.map(verdictOf), [
    { text: "failed", reason: "no more" },
    { text: "passed" },
  ]);
});

Deno.test("rowsOf() names runs by their labels, and of equal ones each by its file as well", async () => {
  const text = await textOf(
    { delays: [1, 2], settings: { label: "router" } },
    { delays: [1, 2], settings: { label: "switch", source_label: "lab 3" } },
    { delays: [1, 2], settings: { label: "router" } },
    { delays: [1, 2] },
  );
  const { clients } = await readOne(text);
  assertEquals(rowsOf(clients).map(({ name }) => name), [
    "router (run.jsonl #1)",
    "lab 3 → switch",
    "router (run.jsonl #3)",
    "run.jsonl #4",
  ]);
});

for (
  const [what, run] of [
    ["its intervals' histograms", MINUTES],
    ["the delays so far that it last told", SECONDS],
  ] as const
) {
  Deno.test(`a run that was killed has the percentiles of ${what}`, async () => {
    const whole = await figuresOf(run);
    const killed = await figuresOf({ ...run, isKilled: true });
    assertEquals(killed.rtt_us, whole.rtt_us);
  });
}

Deno.test("a run that was killed says up to when its delays go", async () => {
  const lines = await Array.fromAsync(
    longRunLines({ ...SECONDS, isKilled: true }),
  );
  // The start, seven minutes, and 20 seconds more.
  const { clients } = await readOne(lines.slice(0, 1 + 440).join("\n") + "\n");
  const figures = measurementsOf(clients[0])!;
  assertEquals(figures.messages_received, 440 * 5);
  assertEquals(figures.rtt_us?.count, 420 * 5);
  assertEquals(verdictOf(clients[0]), {
    text: "cut off",
    reason:
      "it ended without a result; its delays are those of its first 7 min",
  });
});

Deno.test("a run that was killed has no percentiles where its intervals have no histograms", async () => {
  const lines = await linesOf({ delays: evenly(100, 1, 100), lost: 0 });
  const { clients } = await readOne(lines.slice(0, 3).join("\n") + "\n");
  assertEquals(measurementsOf(clients[0])?.rtt_us, undefined);
});

Deno.test("readRuns() names an interval of a killed run whose histogram is damaged", async () => {
  const lines = await Array.fromAsync(
    longRunLines({ ...MINUTES, isKilled: true }),
  );
  lines[3] = lines[3].replace(/"histogram":"[^"]*"/, '"histogram":"AAAA"');
  const { clients, problems } = await readOne(lines.join("\n") + "\n");
  assertEquals(problems, [{
    file: "run.jsonl",
    line: 4,
    message:
      "its histogram cannot be used: it is not a compressed HdrHistogram (V2)",
  }]);
  assertEquals(measurementsOf(clients[0])?.rtt_us, undefined);
});

Deno.test("a run that was killed has the outages that its events tell", async () => {
  const outages: [number, number][] = [[60, 90], [200, 204]];
  const whole = await figuresOf({ ...SECONDS, outages });
  const killed = await figuresOf({ ...SECONDS, outages, isKilled: true });
  assertEquals(killed.measured?.outages, whole.measured?.outages);
  assertEquals(whole.measured?.outages?.count, 2);
});

Deno.test("an outage that had not ended when its run was killed lasts at least as long as nothing came back", async () => {
  const { measured } = await figuresOf({
    ...SECONDS,
    outages: [[500.2, 700]],
    isKilled: true,
  });
  assertEquals(measured?.outages?.listed, [{
    began: "2026-11-24T21:08:20.200Z",
    outage_us: 99_800_000,
    is_lower_bound: true,
    uncertainty_us: 200_000,
    first_sequence: 2502,
  }]);
});

Deno.test("an outage whose end was omitted is counted, and has no length", async () => {
  const lines = await Array.fromAsync(
    longRunLines({ ...SECONDS, outages: [[60, 60.6]], isKilled: true }),
  );
  const text = lines.filter((line) => !line.includes('"outage-ended"'));
  const { clients } = await readOne(text.join("\n"));
  assertEquals(measurementsOf(clients[0])?.measured?.outages, {
    count: 1,
    total_us: 0,
    longest_us: 0,
    availability_percent: undefined,
    listed: [],
  });
});

Deno.test("a run that was killed before its first interval has its outages listed", async () => {
  const lines = await Array.fromAsync(
    longRunLines({ ...MINUTES, outages: [[10, 14]], isKilled: true }),
  );
  const until = lines.findIndex((line) => line.includes('"interval"'));
  const { clients } = await readOne(lines.slice(0, until).join("\n") + "\n");
  assertEquals(measurementsOf(clients[0]), undefined);
  assertStringIncludes(
    markdownSummary(rowsOf(clients)),
    "| run.jsonl | 2026-11-24 21:00:10.0 | 2026-11-24 21:00:14.0 | 4.00 s | 200 ms |",
  );
});

Deno.test("mergeMeasurements() sums up outages, and takes the mean availability over all time", async () => {
  const merged = await mergeMeasurements([
    await figuresOf({ ...MINUTES, outages: [[60, 90]] }),
    await figuresOf({ ...MINUTES, seconds: 1800, outages: [[60, 69]] }),
  ]);
  const { listed, ...summed } = merged.measured!.outages!;
  assertEquals(summed, {
    count: 2,
    total_us: 39e6,
    longest_us: 30e6,
    availability_percent: 98.375,
  });
  assertEquals(listed.length, 1);
});

/** How outages are judged, before and after. */
async function judged(
  before: LongRun["outages"],
  after: LongRun["outages"],
): Promise<Record<string, string>> {
  const { figures } = compareRuns(
    [await figuresOf({ ...MINUTES, outages: before })],
    [await figuresOf({ ...MINUTES, outages: after })],
    10,
  );
  return Object.fromEntries(
    figures.filter(({ name }) => ["outage", "availability"].includes(name))
      .map(({ name, judgement }) => [name, judgement]),
  );
}

Deno.test("compareRuns() judges availability by the time that is missing", async () => {
  assertEquals(await judged([[60, 64]], [[60, 64], [90, 94]]), {
    outage: "same",
    availability: "worse",
  });
  assertEquals(await judged([[60, 90]], [[60, 64]]), {
    outage: "better",
    availability: "better",
  });
});

Deno.test("compareRuns() finds outages the same that differ by no more than they may be off", async () => {
  assertEquals(await judged([[60, 60.4]], [[60, 60.8]]), {
    outage: "same",
    availability: "same",
  });
  assertEquals(await judged([], [[60, 64]]), {
    outage: "worse",
    availability: "worse",
  });
});

Deno.test("markdownSummary() lists outages, and has no column for them where there are none", async () => {
  const { clients } = await readOne(
    await longRunText({ ...MINUTES, label: "core", outages: [[60, 90]] }),
  );
  const text = markdownSummary(rowsOf(clients));
  assertStringIncludes(
    text,
    "| Run | Verdict | outages | longest outage | availability |",
  );
  assertStringIncludes(
    text,
    "| Run | Down from (UTC) | to | Length | off by at most |\n" +
      "| --- | --- | --- | --- | --- |\n" +
      "| core | 2026-11-24 21:01:00.0 | 2026-11-24 21:01:30.0 | 30.0 s | 200 ms |\n",
  );
  const quiet = await readOne(await longRunText(MINUTES));
  assert(!/outage|Down/.test(markdownSummary(rowsOf(quiet.clients))));
});

Deno.test("reports count the outages of a single message, and list the others", async () => {
  const { clients } = await readOne(
    await longRunText({
      ...MINUTES,
      label: "core",
      outages: [[60, 60.2], [80, 84]],
    }),
  );
  const text = markdownSummary(rowsOf(clients));
  assertStringIncludes(text, "\n- core: 1 short outage not listed\n");
  assertEquals(text.match(/^\| core \| 2026/gm)?.length, 1);
});

Deno.test("csvSummary() has the outages of each run", async () => {
  const { clients } = await readOne(
    await longRunText({ ...MINUTES, outages: [[60, 90]] }),
  );
  const [names, values] = csvSummary(rowsOf(clients)).split("\r\n")
    .map((line) => line.replaceAll(/"(?:[^"]|"")*"/g, "quoted").split(","));
  const value = (name: string) => values[names.indexOf(name)];
  assertEquals(
    ["outages", "outage_us", "availability_percent", "file"].map(value),
    ["1", "30000000", "95", "run.jsonl"],
  );
});

Deno.test("a TCP run that was cut off has lost messages, and no datagrams", async () => {
  const text = (await longRunText({
    ...SECONDS,
    outages: [[60, 70]],
    isKilled: true,
  })).replaceAll("udp-client", "tcp-client");
  const { clients } = await readOne(text);
  const { datagrams, measured } = measurementsOf(clients[0])!;
  assertEquals([datagrams, measured?.lost], [undefined, 50]);
});

Deno.test("readRuns() reads when a connection was lost, and how long there was none", async () => {
  const head = { role: "tcp-client", time: "2026-11-24T21:01:00.000Z" };
  const disconnected = {
    event: "disconnected",
    schema: 2,
    ...head,
    detail: "reset",
    messages_lost: 2,
  };
  const reconnected = {
    event: "reconnected",
    schema: 2,
    ...head,
    peer_host: "192.0.2.1",
    peer_port: 7000,
    disconnected_us: 1.5e6,
    attempts: 3,
  };
  const lines = await linesOf({ delays: [1, 2] });
  lines.splice(
    2,
    0,
    JSON.stringify(disconnected),
    JSON.stringify(reconnected),
  );
  const { clients, problems } = await readOne(lines.join("\n"));
  assertEquals(problems, []);
  assertEquals(clients[0].disconnections, [{
    time: head.time,
    connection: undefined,
    detail: "reset",
    messages_lost: 2,
    disconnected_us: 1.5e6,
  }]);
});

Deno.test("the data of eight hours at five a second shows the worst second, in less than 100 kB", async () => {
  const outages: [number, number][] = [[20_000, 20_001]];
  const { clients, ...rest } = await readOne(
    await longRunText({ ...SECONDS, seconds: 8 * 3600, outages }),
  );
  const data = await pageData({ clients, ...rest });
  const { loss, lowestRate, time, clock } = data.runs[0].series!;
  assertEquals(Math.max(...loss!.map(Number)), 100);
  assertEquals(Math.min(...lowestRate!), 0);
  assertEquals(time.at(-1), 8 * 3600);
  assertEquals(clock.at(-1), FROM / 1e3 + 8 * 3600);
  const { length } = JSON.stringify(data);
  assert(length < 100_000, String(length));
});

signalTest(
  "readRuns() reads a client of two targets that was killed, with the outage of one of them",
  async () => {
    await using up = serveUdp({ hostname: "127.0.0.1", port: 0 });
    const socket = Deno.listenDatagram({
      transport: "udp",
      hostname: "127.0.0.1",
      port: 0,
    });
    try {
      const name = ({ port }: Deno.NetAddr) => `127.0.0.1:${port}`;
      const [quick, silent] = [
        name(up.addr),
        name(socket.addr as Deno.NetAddr),
      ];
      await using client = startRole("udp-client", [
        quick,
        silent,
        "--interval",
        "20ms",
        "--timeout",
        "500ms",
        "--json",
      ]);
      const shows = (event: string, target: string) =>
        client.stdout.split("\n").some((line) =>
          line.includes(`"event":"${event}"`) &&
          line.includes(`"of_target":"${target}"`)
        );
      await until(
        () =>
          shows("outage-began", silent) && shows("interval", silent) &&
          shows("interval", quick),
        "the outage, and an interval of each",
        30_000,
      );
      client.signal("SIGKILL");
      const { stdout } = await client.outcome();
      const { clients } = await readOne(stdout);
      assertEquals(
        rowsOf(clients).map(({ name, verdict, measurements }) => [
          name,
          verdict.text,
          measurements?.measured?.outages?.count ?? 0,
        ]).sort(),
        [[quick, "cut off", 0], [silent, "cut off", 1]].sort(),
      );
    } finally {
      socket.close();
    }
  },
);
