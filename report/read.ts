/**
 * Reading runs from JSON Lines.
 *
 * @module
 */
import { Ajv2020 } from "ajv";
import schema from "../events/events.schema.json" with { type: "json" };
import { Histogram } from "../measure/histogram.ts";
import { describeError } from "../net/errors.ts";
import type { EventLine, LineHead, Role } from "../events/line.ts";
import type { DelaySummary, PeerAddress, Transport } from "../events/mod.ts";
import type {
  ClientRole,
  ClientRun,
  Runs,
  ServerRole,
  ServerRun,
} from "./runs.ts";

const VERSION: LineHead["schema"] = 2;

/**
 * The longest line, in characters: many times a result whose histograms are full.
 */
const LONGEST_LINE = 4 * 1024 * 1024;

const TRANSPORTS: Record<Role, Transport> = {
  "tcp-server": "TCP",
  "tcp-client": "TCP",
  "udp-server": "UDP",
  "udp-client": "UDP",
};

function isClient(role: Role): role is ClientRole {
  return role === "tcp-client" || role === "udp-client";
}

/** A text with a name. */
export interface Source {
  /** What problems, and the page, call it: a file's path. */
  name: string;
  /** JSON Lines. */
  text: string;
}

const validate = new Ajv2020({ strict: false, validateFormats: false }).compile<
  EventLine
>(schema);

/**
 * Reads what clients and servers printed with `--json`. What cannot be used is
 * listed as a problem, and the rest is read: a line that is not JSON, that is too
 * long for an event, of another version of the schema, cut short when its program
 * was killed, or with an invalid histogram, and an empty file.
 *
 * @example
 * ```ts
 * import { readRuns } from "./report/mod.ts";
 *
 * const { clients, problems } = await readRuns([{ name: "run.jsonl", text: "{\n" }]);
 * console.log(clients.length, problems[0]); // 0 { file: "run.jsonl", line: 1, … }
 * ```
 */
export async function readRuns(sources: Iterable<Source>): Promise<Runs> {
  const runs: Runs = { clients: [], servers: [], problems: [] };
  for (const source of sources) await readOne(source, runs);
  return runs;
}

async function readOne({ name, text }: Source, runs: Runs): Promise<void> {
  const reader = new Reader();
  const lines = text.split("\n");
  let hasAny = false;
  for (const [i, content] of lines.entries()) {
    if (content.trim() === "") continue;
    hasAny = true;
    const line = await parse(content, i === lines.length - 1);
    if (typeof line !== "string") reader.take(line);
    else runs.problems.push({ file: name, line: i + 1, message: line });
  }
  if (!hasAny) runs.problems.push({ file: name, message: "it is empty" });
  // Of several in a file, each needs a name of its own.
  const all = [...reader.clients, ...reader.servers];
  all.forEach((run, i) => {
    run.source = all.length === 1 ? name : `${name} #${i + 1}`;
  });
  runs.clients.push(...reader.clients);
  runs.servers.push(...reader.servers);
}

/** A line, or what is wrong with it. */
async function parse(
  content: string,
  isLast: boolean,
): Promise<EventLine | string> {
  if (content.length > LONGEST_LINE) {
    return `it is too long: ${content.length} characters, and an event has ` +
      `${LONGEST_LINE} at most`;
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return isLast
      ? "it is cut short: was the program killed?"
      : "it is not JSON";
  }
  if (typeof value !== "object" || value === null || !("schema" in value)) {
    return "it is no event of echosounder's: it has no schema version";
  }
  if (value.schema !== VERSION) {
    return `it is of schema version ${
      JSON.stringify(value.schema)
    }, and this reads version ${VERSION}`;
  }
  if (!validate(value)) {
    const name = "event" in value ? JSON.stringify(value.event) : "no name";
    return `it is no event that the schema knows (${name})`;
  }
  if (value.event === "result" && value.rtt_us !== undefined) {
    const fault = await histogramFault(value.rtt_us);
    if (fault !== undefined) return `its histogram cannot be used: ${fault}`;
  }
  return value;
}

/** What is wrong with the histogram of a run's delays. */
async function histogramFault(
  { histogram, count }: DelaySummary,
): Promise<string | undefined> {
  if (histogram === undefined) return undefined;
  try {
    const { total } = await Histogram.decode(histogram);
    if (total === count) return undefined;
    return `it holds ${total} delays, and the result says ${count}`;
  } catch (error) {
    return describeError(error);
  }
}

/** Groups the lines of one file into runs. */
class Reader {
  readonly clients: ClientRun[] = [];
  readonly servers: ServerRun[] = [];
  /** The run that the next line of a client belongs to. */
  #client: ClientRun | undefined;
  /** The peer that the next run of a client connected to. */
  #peer: PeerAddress | undefined;
  #server: ServerRun | undefined;

  take(line: EventLine): void {
    if (isClient(line.role)) this.#takeClient(line, line.role);
    else this.#takeServer(line, line.role as ServerRole);
  }

  #takeClient(line: EventLine, role: ClientRole): void {
    // A new run begins where the last one has ended.
    if (line.event === "started") this.#client = undefined;
    const isAfterwards = this.#client?.result !== undefined ||
      this.#client?.error !== undefined;
    // A failed result is followed by an error that repeats it.
    if (isAfterwards && line.event === "error") return;
    if (this.#client === undefined || isAfterwards) {
      // These come before a run; what follows begins it.
      if (line.event === "connected") {
        const { peer_host, peer_port } = line;
        this.#peer = { peer_host, peer_port };
      }
      if (line.event === "retry" || line.event === "connected") return;
      this.#client = {
        source: "",
        role,
        transport: TRANSPORTS[role],
        time: line.time,
        peer: this.#peer,
        intervals: [],
        loadIntervals: [],
      };
      this.#peer = undefined;
      this.clients.push(this.#client);
    }
    const run = this.#client;
    if (line.event === "started") run.started = line;
    else if (line.event === "interval") {
      if (!line.warmup) run.intervals.push(line);
    } else if (line.event === "load-interval") run.loadIntervals.push(line);
    else if (line.event === "error") run.error = line;
    else if (line.event === "result") run.result = line;
  }

  #takeServer(line: EventLine, role: ServerRole): void {
    const isNew = this.#server === undefined ||
      this.#server.summary !== undefined || line.event === "listening";
    if (isNew) {
      // An error after a summary adds nothing to it.
      if (line.event === "error") return;
      const transport = TRANSPORTS[role];
      this.#server = {
        source: "",
        role,
        transport,
        time: line.time,
        connections: transport === "TCP" ? 0 : undefined,
      };
      this.servers.push(this.#server);
    }
    const run = this.#server!;
    if (line.event === "listening") run.listening = line;
    else if (line.event === "connection-opened") run.connections!++;
    else if (line.event === "summary") {
      run.summary = line;
      if (line.connections) run.connections = line.connections.accepted;
    }
  }
}
