/**
 * Delay under load, through the programs.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stripVTControlCharacters } from "node:util";
import { loadLines } from "../../cli/output/load_table.ts";
import { LiveLine } from "../../cli/output/live_line.ts";
import { Output } from "../../cli/output/writer.ts";
import { loadSeriesOf } from "../../report/load_series.ts";
import { runRole, startRole } from "../setup/process.ts";
import { summaryOf } from "../setup/report_input.ts";

for (
  const [role, args, reason] of [
    [
      "tcp-client",
      ["--discard-port", "9"],
      "--discard-port needs --under-load",
    ],
    [
      "tcp-client",
      ["--count", "1", "--phase-time", "1s"],
      "--phase-time needs --under-load",
    ],
    [
      "tcp-client",
      ["--count", "1", "--expect", "loaded.p99<5ms"],
      "--expect: loaded.p99 needs --under-load",
    ],
    [
      "tcp-client",
      ["--under-load", "--duration", "1s"],
      "--under-load and --duration exclude each other: its phases end when the path has settled, or after --phase-time",
    ],
    [
      "tcp-client",
      ["--under-load", "--expect", "p99<5ms"],
      "--expect: under load there is no p99 of the whole run, but loaded.p99 and responsiveness",
    ],
    [
      "tcp-client",
      ["--under-load", "--expect", "responsiveness>5"],
      '--expect: "5" is not a frequency: write 600/min',
    ],
    [
      "tcp-client",
      ["--under-load", "otherhost"],
      "--under-load fills the path to one target: several would load each other",
    ],
    [
      "tcp-client",
      ["--under-load", "--bandwidth", "1Mbit/s"],
      "--under-load and --bandwidth exclude each other: its probes have a --rate",
    ],
    [
      "tcp-client",
      ["--under-load", "--burst", "2"],
      "--under-load and --burst exclude each other: its probes are sent one by one",
    ],
    [
      "tcp-client",
      ["--under-load", "--size", "64,128"],
      "--under-load and --size with a list exclude each other: its probes are of one size, or of a range",
    ],
    [
      "tcp-client",
      ["--under-load", "--connect-only"],
      "--under-load and --connect-only exclude each other: each is a test of its own",
    ],
    [
      "tcp-client",
      ["--under-load", "--idle", "1s..2s"],
      "--under-load and --idle exclude each other: each is a test of its own",
    ],
    [
      "tcp-client",
      ["--under-load", "--connections", "2", "--expect", "flows.bad<1"],
      "--expect: under load there is no flows.bad of the whole run, but loaded.p99 and responsiveness",
    ],
    [
      "udp-client",
      ["--under-load", "--expect", "loss.out<1"],
      "--expect: under load there is no loss.out of the whole run, but loaded.p99 and responsiveness",
    ],
    [
      "udp-client",
      ["--under-load", "--bulk", "udp"],
      "--bulk udp needs --bulk-rate: nothing else slows datagrams down",
    ],
    [
      "udp-client",
      ["--under-load", "--bulk-rate", "1MB/s"],
      "--bulk-rate is for --bulk udp",
    ],
  ] as const
) {
  Deno.test(`${role} ${args.join(" ")} is refused with its reason`, async () => {
    const { code, stderr } = await runRole(role, ["localhost", ...args]);
    assertEquals([code, stderr.split("\n")[0]], [2, `${role}: ${reason}`]);
  });
}

Deno.test("tcp-server --also serves more on other ports, and says so in one line", async () => {
  await using server = startRole("tcp-server", [
    "--json",
    "--port",
    "0",
    "--also",
    "discard:0",
    "--also",
    "chargen:0",
  ]);
  await server.listening();
  const { port, also } = JSON.parse(server.stdout.split("\n")[0]);
  assertEquals(
    also.map(({ service }: { service: string }) => service),
    ["discard", "chargen"],
  );
  const { code, stdout } = await runRole("tcp-client", [
    `127.0.0.1:${port}`,
    "--under-load",
    "--connections",
    "1",
    "--phase-time",
    "1s",
    "--discard-port",
    String(also[0].port),
    "--chargen-port",
    String(also[1].port),
    "--expect",
    "responsiveness>0/min",
  ]);
  assertEquals(code, 0, stdout);
  for (const phase of ["quiet", "out", "back", "both"]) {
    assert(new RegExp(`^  ${phase} `, "m").test(stdout), stdout);
  }
  assertStringIncludes(stdout, "load 1 over TCP\n");
  assertStringIncludes(stdout, "expected responsiveness > 0/min: ");
});

Deno.test("tcp-server --once --also is refused: there is one client", async () => {
  const { code, stderr } = await runRole("tcp-server", [
    "--once",
    "--port",
    "0",
    "--also",
    "discard:0",
  ]);
  assertEquals(code, 2, stderr);
});

Deno.test("a run under load is written as a table, with what it left out and why", async () => {
  const rtt_us = await summaryOf([1000, 2000, 3000]);
  const phase = { began_us: 0, duration_us: 1e6, measured_us: 1e6, rtt_us };
  assertEquals(
    loadLines({
      bulk: "TCP",
      connections: 4,
      phases: [
        { ...phase, phase: "quiet", responsiveness: 40_000 },
        {
          ...phase,
          phase: "both",
          sent_bytes_per_second: 2.5e6,
          received_bytes_per_second: 1e6,
          times_quiet: 1,
          responsiveness: 30_000,
          confidence: "low",
          lost: 3,
        },
      ],
      left_out: ["out", "back"],
      responsiveness: 30_000,
    }).map(stripVTControlCharacters),
    [
      "         out        back      p50      p90      p99      times quiet  a minute",
      "  quiet                       2.00 ms  3.00 ms  3.00 ms               40 k",
      "  both   20 Mbit/s  8 Mbit/s  2.00 ms  3.00 ms  3.00 ms  1            30 k      speed not settled, 3 lost",
      "  responsiveness 30000 round trips a minute, in the worst phase (RPM-like: no HTTP/2, no TLS)",
      "  load 4 over TCP, none out or back alone: out needs --discard-port, back needs --chargen-port",
    ],
  );
});

Deno.test("the live line shows the phase of a run under load, its delay and its speed", async () => {
  const shown: string[] = [];
  const terminal = new Output({
    write: (bytes) => {
      shown.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
  }, { whenFull: "drop" });
  const live = new LiveLine(terminal, 200, true);
  live.observe({
    event: "load-interval",
    phase: "out",
    elapsed_us: 5e6,
    interval_us: 1e6,
    sent_bytes_per_second: 2.5e6,
    saturated: true,
    rtt_us: await summaryOf([2000]),
  });
  await terminal.flush();
  assertEquals(
    shown.join("").replace("\r\x1b[K", ""),
    "out  5.00 s  p50 2.00 ms  p99 2.00 ms  2.50 MB/s (20 Mbit/s) out  full",
  );
});

Deno.test("a report has each phase over one axis of time, with the worst of the intervals of a point", async () => {
  const [fast, slow] = await Promise.all([summaryOf([100]), summaryOf([900])]);
  const interval = { event: "load-interval" as const, interval_us: 1e6 };
  assertEquals(
    loadSeriesOf([
      { ...interval, phase: "quiet", elapsed_us: 1e6, rtt_us: fast },
      { ...interval, phase: "quiet", elapsed_us: 2e6, rtt_us: slow },
      { ...interval, phase: "both", elapsed_us: 4e6 },
    ], 2),
    [
      { phase: "quiet", time: [2], p50: [900] },
      { phase: "both", time: [4], p50: [null] },
    ],
  );
});
