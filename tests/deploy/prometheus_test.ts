/**
 * The files in `deploy/` for Prometheus and Grafana, with the real Prometheus: it
 * scrapes real programs while a relay breaks the path between two of them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { freePort } from "../setup/free_port.ts";
import { ROOT, startRole, TestProcess } from "../setup/process.ts";
import { UdpRelay } from "../setup/relay.ts";
import { metricsUrl } from "../setup/scrape.ts";
import { until } from "../setup/until.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const FOLDER = `${ROOT}deploy/prometheus/`;
const HAS_PROMETHEUS = isInstalled("prometheus") && isInstalled("promtool");

function prometheusTest(name: string, fn: () => Promise<void>): void {
  testWhere(HAS_PROMETHEUS, "needs prometheus and promtool", name, fn);
}

/** Runs promtool; returns what it printed, and fails where it found something. */
async function promtool(args: string[], input?: string): Promise<string> {
  const stdin = input === undefined ? undefined : new Blob([input]).stream();
  await using process = new TestProcess(["promtool", ...args], { stdin });
  const { code, stdout, stderr } = await process.outcome();
  assertEquals(code, 0, stdout + stderr);
  return stdout + stderr;
}

prometheusTest(
  "promtool finds nothing in the configuration and the rules",
  async () => {
    const config = await promtool([
      "check",
      "config",
      `${FOLDER}prometheus.yml`,
    ]);
    assert(config.includes("1 rule files found"), config);
    const rules = await promtool(
      ["check", "rules", `${FOLDER}echosounder.rules.yml`],
    );
    assert(!/warning|duplicate/i.test(rules), rules);
  },
);

prometheusTest(
  "each alert fires when it should, on made-up series, and not before",
  async () => {
    await promtool(["test", "rules", `${ROOT}tests/deploy/rules_test.yml`]);
  },
);

/** How long the path is broken, in milliseconds. */
const BROKEN = 3000;

/** The deployed configuration and rules, with the same expressions at a faster pace. */
async function quickConfiguration(folder: string, targets: string[]) {
  const read = (file: string) => Deno.readTextFile(FOLDER + file);
  const configuration = (await read("prometheus.yml"))
    .replaceAll("_interval: 15s", "_interval: 500ms")
    .replace(
      /targets:\n[^]*/,
      `targets: [${targets.map((each) => `"${each}"`).join(", ")}]\n`,
    );
  const rules = (await read("echosounder.rules.yml"))
    .replaceAll(/for: \w+/g, "for: 1s")
    .replaceAll("[5m]", "[5s]");
  await Deno.writeTextFile(`${folder}/prometheus.yml`, configuration);
  await Deno.writeTextFile(`${folder}/echosounder.rules.yml`, rules);
}

/** What a query gives: its series, each with its value. */
type Answer = { metric: Record<string, string>; value: [number, string] }[];

/** A running Prometheus. */
class Prometheus {
  readonly url: string;
  readonly #process: TestProcess;

  constructor(process: TestProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  async #get(path: string) {
    const response = await fetch(this.url + path);
    const body = await response.json();
    assertEquals(body.status, "success", `${path}: ${JSON.stringify(body)}`);
    return body.data;
  }

  /** Waits until it serves. */
  async ready(): Promise<void> {
    await until(
      async () => {
        try {
          const response = await fetch(`${this.url}/-/ready`);
          await response.body?.cancel();
          return response.ok;
        } catch {
          return false;
        }
      },
      `prometheus: ${this.#process.stderr}`,
      20_000,
    );
  }

  /** Evaluates an expression now. */
  async query(expression: string): Promise<Answer> {
    const { result } = await this.#get(
      `/api/v1/query?query=${encodeURIComponent(expression)}`,
    );
    return result;
  }

  /** The outages that its alerts tell, and programs that are gone, each with what it is about. */
  async firing(): Promise<string[]> {
    const { alerts } = await this.#get("/api/v1/alerts") as {
      alerts: { state: string; labels: Record<string, string> }[];
    };
    // A busy machine may be slow, too.
    const names = ["EchosounderOutage", "EchosounderGone"];
    return alerts.filter(({ state }) => state === "firing")
      .filter(({ labels }) => names.includes(labels.alertname))
      .map(({ labels: { alertname, target, instance } }) =>
        `${alertname} ${target ?? instance}`
      );
  }
}

/** The expressions of a dashboard's panels and annotations, as Prometheus takes them. */
async function dashboardQueries(): Promise<[panel: string, query: string][]> {
  const dashboard = JSON.parse(
    await Deno.readTextFile(`${ROOT}deploy/grafana/dashboard.json`),
  );
  const filled = (expression: string) =>
    expression.replaceAll(/\$__(rate_interval|range)/g, "30s")
      .replaceAll(/\$\w+/g, ".*");
  return [
    ...dashboard.panels.flatMap((
      { title, targets = [] }: { title: string; targets?: { expr: string }[] },
    ) => targets.map(({ expr }) => [title, filled(expr)])),
    ...dashboard.annotations.list.map((
      { name, expr }: { name: string; expr: string },
    ) => [name, filled(expr)]),
  ];
}

prometheusTest(
  "Prometheus sees a path that breaks for three seconds, its alert fires, and every panel has data",
  async () => {
    const folder = await Deno.makeTempDir();
    const listen = ["--host", "127.0.0.1", "--port", "0", "--metrics", "0"];
    try {
      await using tcpServer = startRole("tcp-server", listen);
      await using udpServer = startRole("udp-server", listen);
      const tcpTarget = `127.0.0.1:${await tcpServer.listening()}`;
      const udpPort = await udpServer.listening();
      using relay = new UdpRelay({ port: udpPort });
      const beat = ["--interval", "50ms", "--timeout", "300ms"];
      const probe = [...beat, "--source-label", "lab", "--metrics", "0"];
      await using tcpClient = startRole("tcp-client", [tcpTarget, ...probe]);
      await using udpClient = startRole("udp-client", [
        ...["--targets", "-", ...probe],
      ], {
        stdin: new Blob([
          `127.0.0.1:${relay.port} relayed\n127.0.0.1:${udpPort} direct\n`,
        ]).stream(),
      });
      const programs = [tcpServer, udpServer, tcpClient, udpClient];
      const urls = await Promise.all(programs.map(metricsUrl));
      await quickConfiguration(
        folder,
        urls.map((url) => url.replace("http://", "")),
      );
      const address = `127.0.0.1:${freePort()}`;
      await using process = new TestProcess([
        "prometheus",
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${address}`,
        "--log.level=warn",
      ]);
      const prometheus = new Prometheus(process, `http://${address}`);
      await prometheus.ready();
      await until(
        async () =>
          (await prometheus.query("echosounder_up == 1")).length === 3 &&
          (await prometheus.query("rate(echosounder_sent_total[4s]) > 0"))
              .length === 3,
        "three targets that are up",
      );
      assertEquals(await prometheus.firing(), []);

      relay.isBroken = true;
      const brokenAt = performance.now();
      let seen: string[] = [];
      await until(async () => {
        seen = [...seen, ...await prometheus.firing()];
        return performance.now() - brokenAt > BROKEN;
      }, "the end of the break");
      relay.isBroken = false;
      const outage = "EchosounderOutage relayed";
      await until(async () => {
        const firing = await prometheus.firing();
        seen = [...seen, ...firing];
        return seen.includes(outage) && !firing.includes(outage);
      }, "the alert's end");
      const wrong = seen.filter((alert) => !alert.endsWith(" relayed"));
      assertEquals(wrong, []);

      const [down] = await prometheus.query(
        "echosounder_outage_seconds_total > 0",
      );
      const seconds = Number(down.value[1]);
      assertEquals(down.metric.target, "relayed");
      assert(seconds > 2.5 && seconds < 6, `${seconds} s`);

      // What an operator would see.
      const queries = await dashboardQueries();
      assert(queries.length > 30, `${queries.length} queries`);
      const empty = await Promise.all(
        queries.map(async ([panel, query]) => {
          const series = await prometheus.query(query);
          const isEmpty = !series.some(({ value }) => value[1] !== "NaN");
          return isEmpty ? [`${panel}: ${query}`] : [];
        }),
      );
      assertEquals(empty.flat(), []);

      for (const url of urls) {
        const response = await fetch(`${url}/metrics`);
        const found = await promtool(
          ["check", "metrics"],
          await response.text(),
        );
        assertEquals(found, "");
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
