/**
 * The soak: both servers under mixed clients for a long time. At the end every
 * byte must be accounted for, and no descriptor and no memory be leaked.
 *
 * @module
 */
import { DONE, FAILED, USAGE } from "../../cli/exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  optionalValue,
  value,
} from "../../cli/command_line/options.ts";
import { runTask } from "../../tasks/task.ts";
import { count, positiveTime } from "../../cli/command_line/values.ts";
import { type Line, parseEvents } from "../setup/events.ts";
import {
  residentMemory,
  startRole,
  type TestProcess,
} from "../setup/process.ts";
import {
  type Account,
  DATAGRAM_KINDS,
  Dice,
  type Field,
  KINDS,
} from "./clients.ts";

const SOAK = {
  role: "soak",
  purpose: "puts both servers under mixed clients, and looks for what leaks.",
  positionals: "",
  options: {
    "duration": value({
      placeholder: "TIME",
      fallback: "1m",
      parse: positiveTime,
      help: "How long.",
    }),
    "seed": optionalValue({
      placeholder: "N",
      parse: count,
      help: "Start from this seed, to see the same again; any by default.",
    }),
    "help": flag("Show this help.", "h"),
  },
  examples: [
    ["--duration 10m", "ten minutes"],
    ["--duration 20s --seed 7", "a short one, the same each time"],
  ],
  exitCodes: [
    [DONE, "every byte is accounted for, and nothing leaked"],
    [FAILED, "something is missing, or leaked"],
    [USAGE, "the command line was wrong"],
  ],
} satisfies CommandDefinition;

/** Clients at once. */
const TCP_CLIENTS = 24;
const UDP_CLIENTS = 2;

/** Milliseconds between samples, and samples between printed lines. */
const SAMPLES = 60;
const SAMPLES_PER_LINE = 6;

/**
 * Megabytes by which memory may differ from a third of the run to the next: data
 * that is in flight at one moment, and not at another.
 */
const TOLERANCE = 24;

/** No client takes longer than this, in milliseconds. */
const LONGEST = 20_000;

/** Throws when a client should have ended long ago. */
function tooLong(kind: string): Promise<never> {
  return new Promise((_, reject) =>
    Deno.unrefTimer(
      setTimeout(
        () => reject(new Error(`a client did not end: ${kind}`)),
        LONGEST,
      ),
    )
  );
}

/** Open descriptors of a process; 0 where the system does not show them. */
function descriptors(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    return 0;
  }
}

/** A TCP server's account of its clients, by their ports. */
class Closings {
  readonly #server: TestProcess;
  /** Pending requests, and accounts not requested yet; a port may be reused soon. */
  readonly #waiting = new Map<number, ((event: Line) => void)[]>();
  readonly #early = new Map<number, Line[]>();
  readonly #timer: ReturnType<typeof setInterval>;
  /** The server's last event, after all connections are closed. */
  summary: Line | undefined;
  #read = 0;

  constructor(server: TestProcess) {
    this.#server = server;
    this.#timer = setInterval(() => this.look(), 20);
  }

  /** Reads what the server has written since the last time. */
  look(): void {
    const end = this.#server.stdout.lastIndexOf("\n") + 1;
    const lines = this.#server.stdout.slice(this.#read, end);
    this.#read = end;
    for (const event of parseEvents(lines)) {
      if (event.event === "summary") this.summary = event;
      if (event.event !== "connection-closed") continue;
      const { peer_port } = event;
      const take = this.#waiting.get(peer_port)?.shift();
      if (take !== undefined) take(event);
      else {this.#early.set(peer_port, [
          ...this.#early.get(peer_port) ?? [],
          event,
        ]);}
    }
  }

  /** The account of the client with a port. */
  of(port: number): Promise<Line> {
    const early = this.#early.get(port)?.shift();
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve) =>
      this.#waiting.set(port, [...this.#waiting.get(port) ?? [], resolve])
    );
  }

  /** Stops reading. */
  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Figures of one moment. */
interface Sample {
  memory: number;
  descriptors: number;
}

function median(samples: Sample[]): number {
  const sorted = samples.map(({ memory }) => memory).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

async function soak(duration: number, seed: number): Promise<string[]> {
  const local = ["--host", "127.0.0.1", "--port", "0", "--json"];
  await using tcp = startRole("tcp-server", local);
  await using udp = startRole("udp-server", local);
  const closings = new Closings(tcp);
  const dice = new Dice(seed);
  const field: Field = {
    tcpPort: await tcp.listening(),
    udpPort: await udp.listening(),
    dice,
    closed: (port) => closings.of(port),
  };
  const total: Account = {
    connections: 0,
    bytes: 0,
    datagramsSent: 0,
    datagramsReceived: 0,
  };
  const faults: string[] = [];
  const before = { tcp: descriptors(tcp.pid), udp: descriptors(udp.pid) };
  const end = performance.now() + duration;

  async function keepGoing(kinds: typeof KINDS): Promise<void> {
    while (performance.now() < end && faults.length === 0) {
      try {
        const kind = kinds[dice.below(kinds.length)];
        const each = await Promise.race([kind(field), tooLong(kind.name)]);
        total.connections += each.connections;
        total.bytes += each.bytes;
        total.datagramsSent += each.datagramsSent;
        total.datagramsReceived += each.datagramsReceived;
      } catch (error) {
        faults.push(error instanceof Error ? error.message : String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, dice.below(20)));
    }
  }

  const samples: { tcp: Sample[]; udp: Sample[] } = { tcp: [], udp: [] };
  const sample = () => {
    for (const [name, { pid }] of [["tcp", tcp], ["udp", udp]] as const) {
      samples[name].push({
        memory: residentMemory(pid),
        descriptors: descriptors(pid),
      });
    }
    if (samples.tcp.length % SAMPLES_PER_LINE !== 0) return;
    const now = { tcp: samples.tcp.at(-1)!, udp: samples.udp.at(-1)! };
    console.log(
      `${total.connections} connections, ${
        (total.bytes / 1e6).toFixed(0)
      } MB and ${total.datagramsReceived} datagrams there and back; ` +
        `tcp-server ${
          now.tcp.memory.toFixed(0)
        } MB, ${now.tcp.descriptors} descriptors; ` +
        `udp-server ${
          now.udp.memory.toFixed(0)
        } MB, ${now.udp.descriptors} descriptors`,
    );
  };
  const sampling = setInterval(sample, duration / SAMPLES);
  await Promise.all([
    ...Array.from({ length: TCP_CLIENTS }, () => keepGoing(KINDS)),
    ...Array.from({ length: UDP_CLIENTS }, () => keepGoing(DATAGRAM_KINDS)),
  ]);
  clearInterval(sampling);

  for (const [name, { pid }] of [["tcp", tcp], ["udp", udp]] as const) {
    const left = descriptors(pid) - before[name];
    if (left > 0) faults.push(`${name}-server: ${left} descriptors leaked`);
    const third = Math.floor(samples[name].length / 3);
    const middle = median(samples[name].slice(third, 2 * third));
    const last = median(samples[name].slice(2 * third));
    console.log(
      `${name}-server: ${middle.toFixed(0)} MB in the second third, ${
        last.toFixed(0)
      } MB in the last`,
    );
    if (last > middle + TOLERANCE) {
      faults.push(`${name}-server: memory grows, ${middle} to ${last} MB`);
    }
  }
  for (const server of [tcp, udp]) server.signal("SIGTERM");
  const codes = [(await tcp.outcome()).code, (await udp.outcome()).code];
  closings.stop();
  closings.look();
  if (codes.some((code) => code !== 0)) {
    faults.push(`the servers ended with exit codes ${codes}`);
  }
  const served = closings.summary?.connections.accepted ?? 0;
  if (faults.length === 0 && served !== total.connections) {
    faults.push(`${served} of ${total.connections} connections served`);
  }
  const { received, sent } = parseEvents(udp.stdout).at(-1)!.datagrams;
  if (
    received > total.datagramsSent ||
    sent < total.datagramsReceived
  ) {
    faults.push(
      `${total.datagramsSent} datagrams sent, ${received} received by the server, ` +
        `${sent} sent by it, ${total.datagramsReceived} came back`,
    );
  }
  return faults;
}

await runTask(SOAK, async ({ options }) => {
  const seed = options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0];
  console.log(`seed ${seed}`);
  const faults = await soak(options.duration, seed);
  for (const fault of faults) console.log(`fault: ${fault}`);
  console.log(
    faults.length === 0
      ? "passed: every byte is accounted for, and nothing leaked"
      : "failed",
  );
  return faults.length === 0 ? DONE : FAILED;
});
