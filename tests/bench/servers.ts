/**
 * The servers beside others. In each round all are started, and driven with the same
 * load in turn, a fraction of a second each time: what others do on the machine
 * changes from one second to the next, so that only neighbours can be compared.
 *
 * @module
 */
import { join } from "node:path";
import { runSubprocess } from "../../tasks/subprocess.ts";
import { DONE, FAILED, USAGE } from "../../cli/exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  list,
  value,
} from "../../cli/command_line/options.ts";
import { runTask } from "../../tasks/task.ts";
import { count, UsageError } from "../../cli/command_line/values.ts";
import { median } from "./median.ts";
import { removeBundles } from "../setup/workers.ts";
import { findPeers, type Peer } from "./peers.ts";

/** A load on a server. */
interface Load {
  name: string;
  kind: "tcp" | "udp" | "churn";
  clients: number;
  size: number;
  /** Messages in flight, for each client. */
  depth: number;
}

const LOADS: Load[] = [
  { name: "tcp-1", kind: "tcp", clients: 1, size: 64, depth: 1 },
  { name: "tcp-50", kind: "tcp", clients: 50, size: 64, depth: 1 },
  { name: "tcp-200", kind: "tcp", clients: 200, size: 64, depth: 1 },
  { name: "tcp-1000", kind: "tcp", clients: 1000, size: 64, depth: 1 },
  { name: "bulk", kind: "tcp", clients: 10, size: 65_536, depth: 4 },
  { name: "churn", kind: "churn", clients: 50, size: 64, depth: 1 },
  { name: "udp-64", kind: "udp", clients: 20, size: 64, depth: 8 },
  { name: "udp-44", kind: "udp", clients: 20, size: 44, depth: 8 },
  { name: "udp-8k", kind: "udp", clients: 20, size: 8192, depth: 4 },
  { name: "udp-200", kind: "udp", clients: 200, size: 64, depth: 1 },
  { name: "udp-1000", kind: "udp", clients: 1000, size: 64, depth: 1 },
];

/** From this many clients on, tables show how evenly they were served. */
const CROWD = 200;

/** The most messages of a load, however fast the server. */
const MOST_MESSAGES = 5_000_000;

const BENCH = {
  role: "bench",
  purpose: "measures both servers beside others, with the same load (Linux).",
  positionals: "",
  options: {
    "load": list({
      placeholder: "NAME",
      parse: named(LOADS.map(({ name }) => name)),
      help: `Only this one of ${
        LOADS.map(({ name }) => name).join(", ")
      }; may repeat.`,
    }),
    "peer": list({
      placeholder: "NAME",
      parse: (text) => text,
      help:
        "Only this server, as the table names it; may repeat. Ratios are to the first.",
    }),
    "rounds": value({
      placeholder: "N",
      fallback: "3",
      parse: count,
      help: "How often each is started; the medians are shown.",
    }),
    "seconds": value({
      placeholder: "N",
      fallback: "2",
      parse: count,
      help: "How long each is measured in a round.",
    }),
    "help": flag("Show this help.", "h"),
  },
  examples: [["", "all of it"], ["--load udp-64 --rounds 5", "one load"]],
  exitCodes: [
    [DONE, "measured"],
    [FAILED, "nothing could be measured"],
    [USAGE, "the command line was wrong"],
  ],
} satisfies CommandDefinition;

function named(names: string[]): (text: string) => string {
  return (text) => {
    if (names.includes(text)) return text;
    throw new UsageError(`"${text}" is not one of ${names.join(", ")}`);
  };
}

/** The result of a run. */
interface Run {
  /** Messages, or with churn connections, a second. */
  rate: number;
  /** Megabytes a second, each way. */
  throughput: number;
  p50: number;
  p99: number;
  /** Microseconds of the server's processor time for each. */
  cpu: number;
  /** Megabytes, at most. */
  memory: number;
  /** Milliseconds from one echo to the next of a client, at most. */
  longestWait: number;
  /** What the client with least had, to the median one. */
  leastShare: number;
  /** Jain's index: 1 where all had the same. */
  jain: number;
}

/** A column of a table: what it shows, its title, digits after the point. */
type Column = [key: keyof Run, title: string, digits: number];

const COLUMNS: Column[] = [
  ["rate", "per second", 0],
  ["throughput", "MB/s", 1],
  ["p50", "p50 µs", 0],
  ["p99", "p99 µs", 0],
  ["cpu", "CPU µs each", 2],
  ["memory", "peak MB", 0],
];

const FAIRNESS_COLUMNS: Column[] = [
  ["longestWait", "longest wait ms", 1],
  ["leastShare", "least share", 2],
  ["jain", "Jain", 3],
];

/** Clock ticks a second, in which the system counts the processor time of what has ended. */
const TICKS = 100;

/** Microseconds of processor time that a process and its children have used. */
function cpuTime(pid: number): number {
  const living = children(pid).map(cpuTime)
    .reduce((sum, each) => sum + each, 0);
  return threadsTime(pid) + endedChildrenTime(pid) + living;
}

/** What the threads of a process have used, which the system knows to the nanosecond. */
function threadsTime(pid: number): number {
  let time = 0;
  for (const { name } of entries(`/proc/${pid}/task`)) {
    const text = textOf(`/proc/${pid}/task/${name}/schedstat`);
    time += Number(text.split(" ")[0]) / 1000;
  }
  return time;
}

/** What children that are gone have used. */
function endedChildrenTime(pid: number): number {
  const text = textOf(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(13, 15).map(Number)
    .reduce((sum, each) => sum + each, 0) / TICKS * 1e6;
}

function entries(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch {
    return [];
  }
}

/** A file of the system's; empty where what it tells of is gone. */
function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}

function children(pid: number): number[] {
  const text = textOf(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((each) => each.trim() !== "").map(Number);
}

function peakMemory(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
}

/** The bytes of a test packet, a load of which reflectors can answer, too. */
const STAMP_SIZE = 44;

/** What the load generator does with a peer; `undefined` where it does not serve the load. */
function kindFor({ start }: Peer, { kind, size }: Load) {
  if (start[kind === "udp" ? "udp" : "tcp"] !== undefined) return kind;
  if (start.stamp !== undefined && kind === "udp" && size === STAMP_SIZE) {
    return "stamp";
  }
}

/** How long each server is under load before it is measured, in seconds: JIT compilers need it. */
const WARMUP = 1;

/** How long a server is measured before the next one's turn, in seconds. */
const SLICE = 0.25;

/** Runs the load generator once, and measures a server meanwhile. */
async function driveLoad(
  generator: string,
  args: string[],
  server: number,
): Promise<Run | undefined> {
  const child = new Deno.Command(generator, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async (until: string) => {
    while (!text.includes(until)) {
      const part = await lines.read();
      if (part.done) return;
      text += part.value;
    }
  };
  await read("\n");
  const before = cpuTime(server);
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("\n")).catch(() => {});
  await writer.close().catch(() => {});
  await read("}");
  const cpu = cpuTime(server) - before;
  const memory = peakMemory(server);
  const { success } = await child.status;
  const found = /\{.*\}/.exec(text);
  if (!success || found === null) return undefined;
  const figures = JSON.parse(found[0]);
  const { messages, bytes, seconds: took } = figures;
  return {
    rate: messages / took,
    throughput: bytes / took / 1e6,
    p50: figures.p50_us,
    p99: figures.p99_us,
    longestWait: figures.longest_wait_ms,
    leastShare: figures.least_share,
    jain: figures.jain,
    cpu: cpu / Math.max(messages, 1),
    memory,
  };
}

async function compare(
  load: Load,
  peers: Peer[],
  rounds: number,
  seconds: number,
  generator: string,
): Promise<void> {
  const able = peers.filter((peer) => kindFor(peer, load) !== undefined);
  // How evenly many clients were served shows only after a while.
  const slice = load.clients < CROWD ? SLICE : seconds;
  const runs = new Map<Peer, (Run | undefined)[]>(
    able.map((peer) => [peer, []]),
  );
  for (let round = 0; round < rounds; round++) {
    // Whoever comes first may find the machine in another state than the others.
    const turn = round % able.length;
    const order = [...able.slice(turn), ...able.slice(0, turn)];
    await using servers = new AsyncDisposableStack();
    const drives: [Peer, (seconds: number) => Promise<Run | undefined>][] = [];
    for (const peer of order) {
      const kind = kindFor(peer, load)!;
      const { server, port } = await peer
        .start[kind === "churn" ? "tcp" : kind]!();
      servers.use(server);
      drives.push([peer, (seconds) =>
        driveLoad(generator, [
          kind,
          String(port),
          String(load.clients),
          String(load.size),
          String(load.depth),
          String(seconds),
          String(MOST_MESSAGES),
        ], server.pid)]);
    }
    for (const [, drive] of drives) await drive(WARMUP);
    for (let took = 0; took < seconds; took += slice) {
      for (const [peer, drive] of drives) {
        runs.get(peer)!.push(await drive(slice));
      }
    }
  }
  const { clients, size, depth, kind } = load;
  const what = kind === "churn" ? "connect, echo, close" : `${depth} deep`;
  console.log(
    `\n### ${load.name}: ${clients} clients, ${size} bytes, ${what}\n`,
  );
  const columns = [...COLUMNS, ...clients < CROWD ? [] : FAIRNESS_COLUMNS];
  const [first] = able;
  const titles = [
    ...columns.map(([, title]) => title),
    `rate to ${first.name}`,
    `CPU to ${first.name}`,
  ];
  console.log(`| server | ${titles.join(" | ")} |`);
  console.log(`| --- |${" --: |".repeat(titles.length)}`);
  for (const [{ name }, slices] of runs) {
    const all = slices.filter((each) => each !== undefined);
    const cells = columns.map(([key, , digits]) =>
      all.length === 0
        ? ""
        : median(all.map((each) => each[key])).toFixed(digits)
    );
    if (all.length === 0) cells[0] = "failed";
    for (const key of ["rate", "cpu"] as const) {
      cells.push(ratio(key, slices, runs.get(first)!));
    }
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
}

/** The median of a figure's ratios to that of another server just before or after. */
function ratio(
  key: keyof Run,
  slices: (Run | undefined)[],
  others: (Run | undefined)[],
): string {
  const ratios = slices.flatMap((each, i) => {
    const other = others[i];
    return each && other ? [each[key] / other[key]] : [];
  });
  return ratios.length === 0 ? "" : median(ratios).toFixed(3);
}

await runTask(BENCH, async ({ options }) => {
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  try {
    const sources = new URL("./", import.meta.url).pathname;
    for (
      const [name, source] of [["load", "load.c"], ["echo", "peers/echo.c"]]
    ) {
      await runSubprocess("cc", [
        "-O2",
        "-pthread",
        "-o",
        join(folder, name),
        `${sources}${source}`,
      ]);
    }
    const all = await findPeers(folder);
    const selected: string[] = options.peer;
    const peers = selected.length === 0 ? all : selected.map((name) => {
      const peer = all.find((each) => each.name === name);
      if (peer) return peer;
      throw new UsageError(
        `--peer: there are ${all.map(({ name }) => name).join(", ")}`,
      );
    });
    for (const load of LOADS) {
      if (options.load.length > 0 && !options.load.includes(load.name)) {
        continue;
      }
      await compare(
        load,
        peers,
        options.rounds,
        options.seconds,
        join(folder, "load"),
      );
    }
    return DONE;
  } finally {
    await removeBundles();
    await Deno.remove(folder, { recursive: true });
  }
});
