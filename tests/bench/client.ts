/**
 * `tcp-client` beside other clients, against the same servers: a compiled one
 * (epoll, or blocking for a lone connection), one written for Node, and the
 * tools that people use. Runs take turns, so that a busy machine is busy for
 * all; what is not installed is named and left out.
 *
 * @module
 */
import { join } from "@std/path/join";
import { parseEvents } from "../events.ts";
import { runRole, startRole, TestProcess } from "../setup.ts";
import { median } from "./median.ts";

const HOST = "127.0.0.1";
const ROUNDS = 5;
const SECONDS = 2;
const FOLDER = new URL("client/", import.meta.url).pathname;

/** What one run comes to; what a client does not tell is absent. */
interface Figures {
  /** Messages a second. */
  rate?: number;
  /** Microseconds. */
  p50?: number;
  p99?: number;
  /** Microseconds of processor time for each message. */
  cpu?: number;
  /** Bytes a second. */
  throughput?: number;
}

/** A client that takes part in a comparison; the first one is what the others are held against. */
interface Contender {
  name: string;
  run: () => Promise<Figures>;
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

async function ours(port: number, args: string[]): Promise<Figures> {
  const { code, stdout, stderr } = await runRole("tcp-client", [
    `${HOST}:${port}`,
    "--json",
    "--warmup",
    "500ms",
    "--duration",
    `${SECONDS}s`,
    ...args,
  ]);
  if (code !== 0) throw new Error(stderr);
  const result = parseEvents(stdout).at(-1)!;
  return {
    rate: result.messages_per_second,
    p50: result.rtt_us?.p50,
    p99: result.rtt_us?.p99,
    cpu: result.instrument.cpu_share * result.duration_us /
      result.messages_sent,
    throughput: result.sent_bytes_per_second,
  };
}

/** Lets each contender run in turn, and prints the medians. */
async function compare(
  title: string,
  figure: keyof Figures,
  contenders: Contender[],
): Promise<void> {
  const runs = new Map<string, Figures[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, run } of contenders) {
      runs.set(name, [...runs.get(name) ?? [], await run()]);
    }
  }
  const middle = (name: string, key: keyof Figures) => {
    const values = runs.get(name)!.flatMap((each) => each[key] ?? []);
    return values.length === 0 ? undefined : median(values);
  };
  const base = middle(contenders[0].name, figure)!;
  const cell = (value: number | undefined, digits = 1) =>
    value === undefined ? "" : value.toFixed(digits);
  console.log(`\n### ${title}\n`);
  console.log(
    "| client | messages/s | p50 µs | p99 µs | CPU µs/message | MB/s | ratio |",
  );
  console.log("| --- | --: | --: | --: | --: | --: | --: |");
  for (const { name } of contenders) {
    const throughput = middle(name, "throughput");
    const columns = [
      name,
      cell(middle(name, "rate"), 0),
      cell(middle(name, "p50")),
      cell(middle(name, "p99")),
      cell(middle(name, "cpu"), 2),
      figure === "throughput" ? cell(throughput && throughput / 1e6, 0) : "",
      cell(middle(name, figure)! / base, 2),
    ];
    console.log(`| ${columns.join(" | ")} |`);
  }
}

/** `sockperf`'s own ping-pong, against its own server. */
async function sockperf(): Promise<Figures> {
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
async function iperf3(): Promise<Figures> {
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
  return { throughput: JSON.parse(text).end.sum_received.bits_per_second / 8 };
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
        ["echo", `${FOLDER}../peers/echo.c`],
      ]
    ) {
      await output(["cc", "-O2", "-o", join(folder, name), source]);
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

    await compare("A lone ping-pong of 64 bytes (p50)", "p50", [
      compiled(1),
      { name: "tcp-client", run: () => ours(port, []) },
      ...hasNode ? [node(port, 1)] : [],
      ...hasSockperf
        ? [{ name: "sockperf, its own server", run: sockperf }]
        : [],
    ]);
    await compare("50 connections, 64 bytes each (messages/s)", "rate", [
      compiled(50),
      {
        name: "tcp-client",
        run: () => ours(port, ["--connections", "50"]),
      },
      ...hasNode ? [node(port, 50)] : [],
    ]);
    await compare("One way, one connection (MB/s)", "throughput", [
      ...hasIperf3 ? [{ name: "iperf3, its own server", run: iperf3 }] : [],
      {
        name: "tcp-client, tcp-server",
        run: () => ours(discardPort, ["--service", "discard"]),
      },
      ...hasNode ? [node(discardPort, 1, "discard")] : [],
    ]);
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.exit(await main());
