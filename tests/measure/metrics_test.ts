import { assert, assertEquals } from "@std/assert";
import {
  METRIC_LIST,
  type MetricKind,
  metricsOver,
  type RunFigures,
} from "../../measure/metrics.ts";
import { expectation, LIMITS } from "../../cli/command_line/expectation.ts";
import { judgeExpectations } from "../../measure/expectations.ts";
import { helpText } from "../../cli/command_line/help.ts";
import { TCP_CLIENT, UDP_CLIENT } from "../../cli/roles.ts";
import { ROOT } from "../setup/process.ts";
import { evenly, summaryOf } from "../setup/report_input.ts";

/** The rows of the reference's table that begins with a heading. */
function tableOf(page: string, heading: string): string[][] {
  const [, rest] = page.split(`\n| ${heading}`);
  const rows = rest.slice(0, rest.indexOf("\n\n")).split("\n").slice(2);
  return rows.map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

Deno.test("the reference lists the metrics that there are, with what they are of and how a limit is written", async () => {
  const groups = new Map<string, { names: string[]; kind: MetricKind }>();
  for (const { name, of, kind } of METRIC_LIST) {
    const group = groups.get(of) ?? { names: [], kind };
    groups.set(of, group);
    group.names.push(`\`${name}\``);
  }
  const page = await Deno.readTextFile(`${ROOT}docs/reference.md`);
  assertEquals(
    tableOf(page, "metric"),
    [...groups].map(([of, { names, kind }]) => [
      names.join(", "),
      of,
      LIMITS[kind].map((limit) => `\`${limit}\``).join(" or "),
    ]),
  );
});

Deno.test("--expect takes every metric, with a limit as its kind is written", async () => {
  const delays = await summaryOf(evenly(1000, 100, 1000));
  const way = {
    lost: 7,
    duplicates: 7,
    reordered: 7,
    jitter_us: 7,
    variation_us: delays,
    delay_us: delays,
  };
  const run: RunFigures = {
    messages_sent: 1000,
    rtt_us: delays,
    directions: { out: way, back: way, reflector_us: delays },
    datagrams: {
      lost: 7,
      corrupted: 7,
      late: 7,
      duplicates: 7,
      reordered: 7,
      jitter_us: 7,
    },
    measured: {
      messages_per_second: 7,
      sent_bytes_per_second: 8,
      received_bytes_per_second: 7,
      errors: 7,
      connects: { refused: 7, timed_out: 7, unreachable: 7, reset: 7 },
      outages: {
        count: 7,
        total_us: 70,
        longest_us: 7,
        availability_percent: 7,
        listed: [],
      },
      under_load: {
        bulk: "TCP",
        connections: 1,
        phases: [{
          phase: "both",
          began_us: 0,
          duration_us: 7,
          measured_us: 7,
          rtt_us: await summaryOf(evenly(1000, 100, 1000)),
        }],
        left_out: ["out", "back"],
        responsiveness: 7,
      },
      flows: {
        count: 2,
        bad: 7,
        unjudged: 0,
        each: [{ connection: 1, local_port: 4000, sent: 1000, lost: 7 }],
      },
    },
    idle: { survived_us: 7 },
  };
  for (const { name, kind } of METRIC_LIST) {
    for (const limit of LIMITS[kind]) {
      const [{ value }] = judgeExpectations(
        [expectation(`${name}<=${limit}`)],
        run,
      );
      assert(value !== undefined && value > 0, `${name}: ${value}`);
    }
  }
});

Deno.test("p95 and p99.99 lie between their neighbours", async () => {
  const delays = (await summaryOf(evenly(100_000, 1000, 100_000)))!;
  const figures = ["p50", "p90", "p95", "p99", "p99.9", "p99.99"] as const;
  const values = figures.map((name) => delays[name]!);
  assertEquals(values, values.toSorted((one, other) => one - other));
  assertEquals(new Set(values).size, figures.length);
  assert(Math.abs(delays.p95! - 95_050) < 200, String(delays.p95));
});

Deno.test("a client's help names the metrics that its transport has, and how their limits are written", () => {
  for (const role of [TCP_CLIENT, UDP_CLIENT]) {
    const [, section] = helpText(role).split("Metrics of --expect");
    const rows = section.split("\n\n")[0].replaceAll(/\n {11,}/g, " ")
      .split("\n").slice(1).map((row) =>
        /^ {2}(.*?) {2,}(.*?): /.exec(row)!.slice(1)
      );
    assertEquals(
      rows.flatMap(([, names]) => names.split(", ")),
      metricsOver(role.transport),
    );
    for (const [limits, names] of rows) {
      for (const name of names.split(", ")) {
        for (const limit of limits.split(" or ")) {
          assertEquals(expectation(`${name}<${limit}`).metric, name);
        }
      }
    }
  }
  assert(!(metricsOver("TCP") as string[]).includes("jitter"));
});

for (
  const [transport, service, known] of [
    ["TCP", "discard", ["errors", "rate", "throughput"]],
    ["TCP", "chargen", ["errors", "throughput"]],
    [
      "TCP",
      "connect",
      [
        "min",
        "mean",
        "p50",
        "p90",
        "p95",
        "p99",
        "p99.9",
        "p99.99",
        "max",
        "loss",
        "outages",
        "outage",
        "availability",
        "refused",
        "timeouts",
        "errors",
        "rate",
      ],
    ],
    ["TCP", "idle", ["idle"]],
    ["UDP", "discard", ["errors"]],
    [
      "UDP",
      "chargen",
      [
        "loss",
        "outages",
        "outage",
        "availability",
        "errors",
        "rate",
        "throughput",
      ],
    ],
  ] as const
) {
  Deno.test(`of ${service} over ${transport}, ${known.join(", ")} can be known`, () => {
    assertEquals(metricsOver(transport, service), [...known]);
  });
}
