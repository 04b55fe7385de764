/**
 * Reading runs from JSON Lines.
 *
 * @module
 */
import { Ajv2020 } from "ajv";
import schema from "../events/events.schema.json" with { type: "json" };
import type { EventLine, LineHead, Role } from "../events/line.ts";
import type { PeerAddress, Transport } from "../events/mod.ts";
import { histogramFault, Salvage } from "./salvage.ts";
import type {
  ClientRole,
  ClientRun,
  Disconnection,
  Problem,
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
    if (typeof line !== "string") reader.take(line, i + 1);
    else runs.problems.push({ file: name, line: i + 1, message: line });
  }
  if (!hasAny) runs.problems.push({ file: name, message: "it is empty" });
  for (const problem of await reader.finish()) {
    runs.problems.push({ file: name, ...problem });
  }
  // Of several in a file, each needs a name of its own.
  const all = [...reader.clients, ...reader.servers];
  all.forEach((run, i) => {
    run.source = all.length === 1 ? name : `${name} #${i + 1}`;
  });
  for (const run of reader.clients) run.file = name;
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

type ClientLine = Extract<EventLine, { role: ClientRole }>;

/** What says nothing of a run that another line does not. */
const OF_NO_RUN: ReadonlySet<ClientLine["event"]> = new Set(
  ["metrics-listening", "waiting", "progress", "sweep"] as const,
);

/** Groups the lines of one file into runs. */
class Reader {
  readonly clients: ClientRun[] = [];
  readonly servers: ServerRun[] = [];
  /** What the last run without a result tells on the way, by its run. */
  readonly #salvages: Map<ClientRun, Salvage> = new Map();
  /** The runs under way: of several targets one each, under its name. */
  readonly #targets: Map<string | undefined, TargetLines> = new Map();
  #server: ServerRun | undefined;

  take(line: EventLine, number: number): void {
    if (!isClient(line.role)) this.#takeServer(line, line.role as ServerRole);
    else this.#takeClient(line as ClientLine, number);
  }

  /** Sums up the runs that have no result. */
  async finish(): Promise<Omit<Problem, "file">[]> {
    const problems: Omit<Problem, "file">[] = [];
    for (const [run, salvage] of this.#salvages) {
      const { salvaged, problem } = await salvage.finish(run.intervals);
      run.salvaged = salvaged;
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  #takeClient(line: ClientLine, number: number): void {
    if (OF_NO_RUN.has(line.event)) return;
    // All targets are done; what follows is another run of the client.
    if (line.event === "verdict") return this.#targets.clear();
    if (line.event === "error" && line.of_target === undefined) {
      // Without a target's name, it ends the client and all its runs.
      const underWay = [...this.#targets.values()];
      if (underWay.length > 0) {
        return underWay.forEach((lines) => this.#takeRun(lines, line, number));
      }
    }
    let lines = this.#targets.get(line.of_target);
    if (lines === undefined) this.#targets.set(line.of_target, lines = {});
    this.#takeRun(lines, line, number);
  }

  #takeRun(lines: TargetLines, line: ClientLine, number: number): void {
    // A new run begins where the last one has ended.
    if (line.event === "started") lines.run = undefined;
    const isAfterwards = lines.run?.result !== undefined ||
      lines.run?.error !== undefined;
    // A failed result is followed by an error that repeats it.
    if (isAfterwards && line.event === "error") return;
    if (lines.run === undefined || isAfterwards) {
      // These come before a run; what follows begins it.
      if (line.event === "connected") {
        const { peer_host, peer_port } = line;
        lines.peer = { peer_host, peer_port };
      }
      if (line.event === "retry" || line.event === "connected") return;
      lines.run = {
        file: "",
        source: "",
        role: line.role,
        transport: TRANSPORTS[line.role],
        time: line.time,
        target: line.of_target,
        peer: lines.peer,
        intervals: [],
        disconnections: [],
        loadIntervals: [],
      };
      lines.peer = undefined;
      this.clients.push(lines.run);
      this.#salvages.set(lines.run, new Salvage());
    }
    this.#takeEvent(lines.run, line, number);
  }

  #takeEvent(run: ClientRun, line: ClientLine, number: number): void {
    const salvage = this.#salvages.get(run);
    switch (line.event) {
      case "started":
        run.started = line;
        break;
      case "interval":
        if (line.warmup) break;
        salvage?.interval(line, number);
        run.intervals.push(line);
        break;
      case "load-interval":
        run.loadIntervals.push(line);
        break;
      case "outage-began":
        salvage?.outageBegan(line);
        break;
      case "outage-ended":
        salvage?.outageEnded(line);
        break;
      case "disconnected": {
        const { time, connection, detail, messages_lost } = line;
        run.disconnections.push({ time, connection, detail, messages_lost });
        break;
      }
      case "reconnected": {
        const { connection, disconnected_us } = line;
        const last = lastOf(run.disconnections, connection);
        if (last !== undefined) last.disconnected_us = disconnected_us;
        break;
      }
      case "error":
        run.error = line;
        break;
      case "result":
        run.result = line;
        this.#salvages.delete(run);
    }
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

/** The lines about a target. */
interface TargetLines {
  /** The run that the next one belongs to. */
  run?: ClientRun;
  /** The peer that the next run connected to. */
  peer?: PeerAddress;
}

/** The last connection that was lost, of those with a number. */
function lastOf(
  disconnections: readonly Disconnection[],
  connection: number | undefined,
): Disconnection | undefined {
  return disconnections.findLast((each) => each.connection === connection);
}
