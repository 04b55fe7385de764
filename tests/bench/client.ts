/**
 * Both clients beside others, against the same servers: compiled ones (epoll, or
 * blocking for a lone connection), one written for Node, and the tools that
 * people use; and how evenly each serves its own flows, measured by a server that
 * counts the messages of each. Runs take turns, so that a busy machine is busy for
 * all; what is not installed is named and left out.
 *
 * @module
 */
import { join } from "node:path";
import { DONE, FAILED } from "../../cli/exit_codes.ts";
import { parseEvents } from "../setup/events.ts";
import { startRole, TestProcess } from "../setup/process.ts";
import { removeBundles, startWithWorkers } from "../setup/workers.ts";
import { median } from "./median.ts";
import { fetchBun } from "./peers.ts";

const HOST = "127.0.0.1";
const ROUNDS = 5;
const SECONDS = 2;
const FOLDER = new URL("client/", import.meta.url).pathname;

/** The result of a run; what a client does not report is absent. */
interface ClientCost {
  /** Messages a second. */
  rate?: number;
  /** Microseconds. */
  p50?: number;
  p99?: number;
  /** Microseconds of processor time for each message. */
  cpu?: number;
  /** Megabytes a second. */
  throughput?: number;
  /** Milliseconds from one message to the next of a flow, at most. */
  longestWait?: number;
  /** What the flow with least had, to the median one. */
  leastShare?: number;
  /** Jain's index: 1 where all had the same. */
  jain?: number;
  /** Datagrams that were not answered. */
  lost?: number;
}

/** The columns of a table, for what a client reports: title, and digits after the point. */
const COLUMNS: Record<keyof ClientCost, [title: string, digits: number]> = {
  rate: ["messages/s", 0],
  p50: ["p50 µs", 1],
  p99: ["p99 µs", 1],
  cpu: ["CPU µs/message", 2],
  throughput: ["MB/s", 0],
  longestWait: ["longest wait ms", 1],
  leastShare: ["least share", 2],
  jain: ["Jain", 3],
  lost: ["lost", 0],
};

/** How many threads a client may have besides one. */
const THREADS = [2, 4];

/** A client in a comparison; the first one is the reference. */
interface Contender {
  name: string;
  run: () => Promise<ClientCost>;
}

/** Runs a command to its end; returns its standard output. */
async function output(command: string[]): Promise<string> {
  await using process = new TestProcess(command);
  const { code, stdout, stderr } = await process.outcome();
  if (code !== 0) throw new Error(`${command[0]}: ${stderr}${stdout}`);
  return stdout;
}

function isThere(program: string): boolean {
  const found = new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
  }).outputSync().success;
  if (!found) console.log(`${program} is not installed: left out`);
  return found;
}

async function ours(
  transport: "tcp" | "udp",
  port: number,
  args: string[],
): Promise<ClientCost> {
  await using client = await startWithWorkers(`${transport}-client`, [
    `${HOST}:${port}`,
    "--json",
    "--warmup",
    "500ms",
    "--duration",
    `${SECONDS}s`,
    ...args,
  ]);
  const { code, stdout, stderr } = await client.outcome();
  // A client that loses datagrams fails, but has reported the rest.
  if (code !== DONE && code !== FAILED) throw new Error(stderr);
  const result = parseEvents(stdout).at(-1)!;
  const { measured, datagrams } = result;
  return {
    rate: measured.messages_per_second,
    p50: result.rtt_us?.p50,
    p99: result.rtt_us?.p99,
    cpu: measured.instrument.cpu_share * result.duration_us /
      result.messages_sent,
    throughput: args.includes("--service")
      ? measured.sent_bytes_per_second / 1e6
      : undefined,
    lost: datagrams?.lost,
  };
}

/** Runs each contender in turn, and prints the medians. */
async function compare(
  title: string,
  figure: keyof ClientCost,
  contenders: Contender[],
): Promise<void> {
  const runs = new Map<string, ClientCost[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, run } of contenders) {
      runs.set(name, [...runs.get(name) ?? [], await run()]);
    }
  }
  const middle = (name: string, key: keyof ClientCost) => {
    const values = runs.get(name)!.flatMap((each) => each[key] ?? []);
    return values.length === 0 ? undefined : median(values);
  };
  const base = middle(contenders[0].name, figure)!;
  const keys = (Object.keys(COLUMNS) as (keyof ClientCost)[]).filter((key) =>
    contenders.some(({ name }) => middle(name, key) !== undefined)
  );
  console.log(`\n### ${title}\n`);
  const titles = keys.map((key) => COLUMNS[key][0]);
  console.log(`| client | ${titles.join(" | ")} | ratio |`);
  console.log(`| --- |${" --: |".repeat(keys.length + 1)}`);
  for (const { name } of contenders) {
    const cells = keys.map((key) =>
      middle(name, key)?.toFixed(COLUMNS[key][1]) ?? ""
    );
    const ratio = (middle(name, figure)! / base).toFixed(2);
    console.log(`| ${name} | ${cells.join(" | ")} | ${ratio} |`);
  }
}

/** `sockperf`'s own ping-pong, against its own server. */
async function sockperf(): Promise<ClientCost> {
  const port = "11111";
  await using _server = new TestProcess([
    "sockperf",
    "server",
    "--tcp",
    "-i",
    HOST,
    "-p",
    port,
  ]);
  await _server.shows("Warmup");
  const text = await output([
    "sockperf",
    "ping-pong",
    "--tcp",
    "--full-rtt",
    "-i",
    HOST,
    "-p",
    port,
    "-m",
    "64",
    "-t",
    String(SECONDS),
  ]);
  const read = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);
  return {
    p50: read(/percentile 50.000 =\s+([\d.]+)/),
    p99: read(/percentile 99.000 =\s+([\d.]+)/),
  };
}

/** `iperf3`, one stream, against its own server. */
async function iperf3(): Promise<ClientCost> {
  await using server = new TestProcess([
    "iperf3",
    "--server",
    "--one-off",
    "--bind",
    HOST,
    "--port",
    "5299",
    "--forceflush",
  ]);
  await server.shows("Server listening");
  const text = await output([
    "iperf3",
    "--client",
    HOST,
    "--port",
    "5299",
    "--time",
    String(SECONDS),
    "--json",
  ]);
  const { bits_per_second } = JSON.parse(text).end.sum_received;
  return { throughput: bits_per_second / 8e6 };
}

/** Measures at the server how evenly a client serves its own flows. */
async function judged(
  folder: string,
  transport: "tcp" | "udp",
  run: (port: number) => Promise<ClientCost>,
): Promise<ClientCost> {
  await using judge = new TestProcess([join(folder, "judge"), transport]);
  await judge.shows("\n");
  const figures = await run(Number(judge.stdout));
  judge.signal("SIGTERM");
  const { stdout } = await judge.outcome();
  const { longest_wait_ms, least_share, jain, dropped = 0 } = JSON.parse(
    stdout.split("\n")[1],
  );
  // Datagrams that the judge dropped are no fault of the client.
  if (dropped > 0) console.log(`the judge left ${dropped} datagrams out`);
  return {
    ...figures,
    longestWait: longest_wait_ms,
    leastShare: least_share,
    jain,
  };
}

/** The generator of load, as a client. */
async function load(
  folder: string,
  transport: "tcp" | "udp",
  port: number,
  flows: number,
): Promise<ClientCost> {
  const args = [transport, String(port), String(flows), "64", "1"];
  await using process = new TestProcess([
    join(folder, "load"),
    ...args,
    ...[String(SECONDS), "100000000"],
  ], { stdin: ReadableStream.from([new TextEncoder().encode("\n")]) });
  const { code, stdout, stderr } = await process.outcome();
  if (code !== DONE) throw new Error(stderr);
  const result = JSON.parse(stdout.split("\n")[1]);
  return {
    rate: result.messages / result.seconds,
    p50: result.p50_us,
    p99: result.p99_us,
    lost: transport === "udp" ? result.lost : undefined,
  };
}

async function main(): Promise<number> {
  if (!isThere("cc")) {
    console.log("the benchmark needs a C compiler for its yardstick");
    return 1;
  }
  const hasNode = isThere("node");
  const hasSockperf = isThere("sockperf");
  const hasIperf3 = isThere("iperf3");
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  try {
    for (
      const [name, source] of [
        ["client", `${FOLDER}client.c`],
        ["judge", `${FOLDER}judge.c`],
        ["load", `${FOLDER}../load.c`],
        ["echo", `${FOLDER}../peers/echo.c`],
      ]
    ) {
      await output(["cc", "-O2", "-pthread", "-o", join(folder, name), source]);
    }
    await using server = new TestProcess([join(folder, "echo"), "tcp"]);
    await server.shows("\n");
    const port = Number(server.stdout);
    await using discard = startRole("tcp-server", [
      "--host",
      HOST,
      "--port",
      "0",
      "--service",
      "discard",
    ]);
    const discardPort = await discard.listening();

    const compiled = (connections: number): Contender => ({
      name: connections === 1 ? "C, blocking" : "C, epoll",
      run: async () =>
        JSON.parse(
          await output([
            join(folder, "client"),
            HOST,
            String(port),
            String(connections),
            "64",
            String(SECONDS),
          ]),
        ),
    });
    /** As many compiled clients as threads, each with its share of the connections. */
    const compiledInParts = (
      connections: number,
      parts: number,
    ): Contender => ({
      name: `C, epoll, ${parts} processes`,
      run: async () => {
        const runs: ClientCost[] = await Promise.all(
          Array.from(
            { length: parts },
            () => compiled(Math.ceil(connections / parts)).run(),
          ),
        );
        const rates = runs.map(({ rate }) => rate ?? 0);
        const rate = rates.reduce((sum, each) => sum + each);
        const cpu = runs.reduce(
          (sum, run, i) => sum + (run.cpu ?? 0) * rates[i] / rate,
          0,
        );
        return { rate, cpu };
      },
    });
    const threaded = (connections: number, workers: number): Contender => ({
      name: `tcp-client, ${workers} workers`,
      run: () =>
        ours("tcp", port, [
          ...["--connections", String(connections)],
          ...["--workers", String(workers)],
        ]),
    });
    const node = (port: number, connections: number, ...rest: string[]) => ({
      name: "Node",
      run: async () =>
        JSON.parse(
          await output([
            "node",
            `${FOLDER}node_client.mjs`,
            HOST,
            String(port),
            String(connections),
            ...rest.length === 0 ? ["64"] : ["131072"],
            String(SECONDS),
            ...rest,
          ]),
        ),
    });
    const bun = await fetchBun(folder);
    if (bun === undefined) console.log("npm cannot fetch Bun: left out");
    const fairness = async (transport: "tcp" | "udp", flows: number) => {
      const contender = (
        name: string,
        run: (port: number) => Promise<ClientCost>,
      ): Contender => ({ name, run: () => judged(folder, transport, run) });
      const scripted = (name: string, program: string) =>
        contender(name, async (port) =>
          JSON.parse(
            await output([
              program,
              `${FOLDER}node_client.mjs`,
              ...[HOST, String(port), String(flows), "64", String(SECONDS)],
              ...transport === "udp" ? ["udp"] : [],
            ]),
          ));
      await compare(
        `${flows} ${
          transport === "tcp" ? "connections" : "UDP sockets"
        }, 64 bytes each: fairness (messages/s)`,
        "rate",
        [
          contender("C, epoll", (port) => load(folder, transport, port, flows)),
          contender(
            `${transport}-client`,
            (port) => ours(transport, port, ["--connections", String(flows)]),
          ),
          ...THREADS.map((workers) =>
            contender(
              `${transport}-client, ${workers} workers`,
              (port) =>
                ours(transport, port, [
                  ...["--connections", String(flows)],
                  ...["--workers", String(workers)],
                ]),
            )
          ),
          ...bun === undefined ? [] : [scripted("Bun", bun)],
          ...hasNode ? [scripted("Node", "node")] : [],
        ],
      );
    };

    await compare("A lone ping-pong of 64 bytes (p50)", "p50", [
      compiled(1),
      { name: "tcp-client", run: () => ours("tcp", port, []) },
      ...hasNode ? [node(port, 1)] : [],
      ...hasSockperf
        ? [{ name: "sockperf, its own server", run: sockperf }]
        : [],
    ]);
    for (const connections of [50, 1000]) {
      await compare(
        `${connections} connections, 64 bytes each (messages/s)`,
        "rate",
        [
          compiled(connections),
          ...THREADS.map((parts) => compiledInParts(connections, parts)),
          {
            name: "tcp-client",
            run: () =>
              ours("tcp", port, ["--connections", String(connections)]),
          },
          ...THREADS.map((workers) => threaded(connections, workers)),
          ...hasNode ? [node(port, connections)] : [],
        ],
      );
    }
    await compare("One way, one connection (MB/s)", "throughput", [
      ...hasIperf3 ? [{ name: "iperf3, its own server", run: iperf3 }] : [],
      {
        name: "tcp-client, tcp-server",
        run: () => ours("tcp", discardPort, ["--service", "discard"]),
      },
      ...hasNode ? [node(discardPort, 1, "discard")] : [],
    ]);
    for (const transport of ["tcp", "udp"] as const) {
      for (const flows of [200, 1000]) await fairness(transport, flows);
    }
    return 0;
  } finally {
    await removeBundles();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.exit(await main());
