/**
 * Whether scraping a client's metrics disturbs what it measures: the delays of one
 * run, in intervals with a scrape each second and in others without. Which is which
 * is drawn, and the median of each kind's percentiles is told, so that a machine
 * that is busy at times is so for both.
 *
 * @module
 */
import { mergeDelays } from "../../mod.ts";
import type { DelaySummary } from "../../events/mod.ts";
import { DONE, FAILED } from "../../cli/exit_codes.ts";
import type { Role } from "../../cli/roles.ts";
import { startRole } from "../setup/process.ts";
import { metricsUrl } from "../setup/scrape.ts";
import { until } from "../setup/until.ts";
import { median } from "./median.ts";

/** How long each run takes, in seconds; an argument says otherwise. */
const DURATION = Number(Deno.args[0] ?? 120);

/** Milliseconds from one scrape to the next. */
const SCRAPE_EVERY = 1000;

/** A client whose metrics are scraped. */
interface Scenario {
  name: string;
  server: Role;
  client: Role;
  /** How many targets, all of them the same server. */
  targets: number;
  /** Messages a second to each. */
  rate: number;
  /** Seconds of each interval; from 10 on it has its histogram, to be merged. */
  interval: number;
}

const SCENARIOS: Scenario[] = [
  {
    name: "tcp-client, one target, 1000 messages a second",
    server: "tcp-server",
    client: "tcp-client",
    targets: 1,
    rate: 1000,
    interval: 1,
  },
  {
    name: "udp-client, 200 targets, 5 messages a second to each",
    server: "udp-server",
    client: "udp-client",
    targets: 200,
    rate: 5,
    interval: 10,
  },
];

const FIGURES = ["p50", "p90", "p99", "max"] as const;

async function run(scenario: Scenario): Promise<void> {
  const { name, targets, rate, interval } = scenario;
  await using server = startRole(scenario.server, [
    ...["--host", "127.0.0.1", "--port", "0", "--json"],
  ]);
  const target = `127.0.0.1:${await server.listening()}`;
  const list = Array.from({ length: targets }, (_, i) => `${target} t${i}\n`);
  await using client = startRole(
    scenario.client,
    [
      ...["--targets", "-", "--rate", String(rate), "--warmup", "3s"],
      ...["--duration", `${DURATION}s`, "--report-every", `${interval}s`],
      ...["--json", "--metrics", "0"],
    ],
    { stdin: new Blob([list.join("")]).stream() },
  );
  const url = `${await metricsUrl(client)}/metrics`;
  const without: DelaySummary[] = [];
  const scraped: DelaySummary[] = [];
  const scrapes: number[] = [];
  let size = 0;
  let isOver = false;
  client.outcome().then(() => isOver = true);
  let read = 0;
  let parts: DelaySummary[] = [];
  let isScraping = false;
  let nextScrape = Infinity;
  await until(
    async () => {
      const end = client.stdout.lastIndexOf("\n") + 1;
      for (const line of client.stdout.slice(read, end).split("\n")) {
        const event = line === "" ? undefined : JSON.parse(line);
        if (event?.event !== "interval" || event.warmup) continue;
        // The last one is cut off.
        if (event.interval_us < 0.995e6 * interval) continue;
        parts.push(event.rtt_us);
        if (parts.length < targets) continue;
        const all = targets === 1 ? parts[0] : await mergeDelays(parts);
        (isScraping ? scraped : without).push(all!);
        parts = [];
        // Drawn, as a machine may have a beat of its own.
        isScraping = Math.random() < 0.5;
        // The program ends after the last one.
        const isLast = without.length + scraped.length + 2 >
          DURATION / interval;
        nextScrape = isScraping && !isLast
          ? performance.now() + SCRAPE_EVERY / 3
          : Infinity;
      }
      read = end;
      if (performance.now() >= nextScrape) {
        nextScrape += SCRAPE_EVERY;
        const begun = performance.now();
        const text = await (await fetch(url)).text();
        scrapes.push(performance.now() - begun);
        size = text.length;
      }
      return isOver;
    },
    `the end of ${name}: ${client.stderr}`,
    (DURATION + 60) * 1000,
  );
  const { code, stderr } = await client.outcome();
  // A datagram that a busy machine has lost does not spoil the delays of the others.
  if (code !== DONE && code !== FAILED) throw new Error(stderr);
  console.log(
    `${name}: ${without.length} x ${interval} s without, ${scraped.length} x ${interval} s with a scrape a second`,
  );
  console.log(
    `  ${scrapes.length} scrapes of ${(size / 1000).toFixed(0)} kB, median ${
      median(scrapes).toFixed(1)
    } ms, longest ${Math.max(...scrapes).toFixed(1)} ms`,
  );
  for (const figure of FIGURES) {
    const [one, other] = [without, scraped].map((kind) =>
      median(kind.map((summary) => summary[figure]!))
    );
    console.log(
      `  ${figure.padEnd(4)}${one.toFixed(0).padStart(8)} us without, ${
        other.toFixed(0).padStart(8)
      } us with: ${((other / one - 1) * 100).toFixed(1).padStart(6)} %`,
    );
  }
}

for (const scenario of SCENARIOS) await run(scenario);
