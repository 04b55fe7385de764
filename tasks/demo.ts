/**
 * The demo: all four roles as processes, on free ports of this machine, first
 * one-shot, then with more data, then measuring.
 *
 * @module
 */
// @ts-types="../cli/output/colors.d.ts"
import { bold, dim, green, red, setColorEnabled } from "@std/fmt/colors";
import { entryModule, ROLE_ENVIRONMENT, ROLE_FLAGS } from "./entry_module.ts";
import { DONE, FAILED, USAGE } from "../cli/exit_codes.ts";
import { type CommandDefinition, flag } from "../cli/command_line/options.ts";
import type { Role } from "../cli/roles.ts";
import { runTask } from "./task.ts";

const DEMO = {
  role: "demo",
  purpose: "runs all four roles against each other, on free ports here.",
  positionals: "",
  options: {
    "json": flag("Print only their events, as JSON Lines: for a report."),
    "help": flag("Show this help.", "h"),
  },
  examples: [
    ["", "run it"],
    ["--json > demo.jsonl", "keep it, for: deno task report demo.jsonl"],
  ],
  exitCodes: [
    [DONE, "every byte came back"],
    [FAILED, "not every byte came back"],
    [USAGE, "the command line was wrong"],
  ],
} satisfies CommandDefinition;

const HOST = "127.0.0.1";

/** Sizes at which something changes: nothing, one, the largest in one Ethernet frame, the first in two, jumbo, the largest. */
const DATAGRAM_SIZES = [0, 1, 1472, 1473, 9000, 65_507];

/** A role as a process, whose lines are printed as they come. */
class Actor {
  /** The port that it listens on, for a server. */
  readonly port: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #shown: Promise<unknown>;

  constructor(readonly role: Role, args: string[]) {
    // Quoted for a shell.
    const words = args.map((word) => /[<>]/.test(word) ? `"${word}"` : word);
    print(`${dim("$")} ${bold([role, ...words].join(" "))}`);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        ...ROLE_FLAGS,
        entryModule(role),
        ...isJson ? ["--json"] : [],
        ...args,
      ],
      env: ROLE_ENVIRONMENT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.port = promise;
    // A client has no port, and a server that fails has printed why.
    promise.catch(() => {});
    const listening = (line: string) => {
      const match = isJson
        ? /"event":"listening".*"port":(\d+)/.exec(line)
        : /^Listening on \S+:(\d+) /.exec(line);
      if (match !== null) resolve(Number(match[1]));
    };
    this.#shown = Promise.all([
      this.#show(this.#child.stdout, listening),
      this.#show(this.#child.stderr),
    ]).finally(() => reject(new Error(`${role} ended before it listened`)));
  }

  async #show(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    seen?: (line: string) => void,
  ): Promise<void> {
    let rest = "";
    const show = (line: string) => {
      if (!isJson) console.log(`  ${dim(`${this.role} |`)} ${line}`);
      // A file for a report has the events alone.
      else if (seen) console.log(line);
      else console.error(line);
      seen?.(line);
    };
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop()!;
      lines.forEach(show);
    }
    if (rest !== "") show(rest);
  }

  /** Waits for its end; returns whether its exit code is 0. */
  async succeeds(): Promise<boolean> {
    const { code } = await this.#child.status;
    await this.#shown;
    if (code !== 0) {
      print(red(`  ${this.role} ended with exit code ${code}`));
    }
    return code === 0;
  }

  /** Stops it gracefully, and waits; returns whether that worked. */
  async stop(): Promise<boolean> {
    // Windows ends a process without asking it.
    const asks = Deno.build.os !== "windows";
    this.#child.kill("SIGTERM");
    const stoppedWell = await this.succeeds();
    return stoppedWell || !asks;
  }
}

/** Prints a text, unless only events are asked for. */
function print(text: string): void {
  if (!isJson) console.log(text);
}

function title(text: string): void {
  print(`\n${bold(text)}`);
}

async function oneShotExchange(server: Role, client: Role): Promise<boolean> {
  const serving = new Actor(server, ["--host", HOST, "--port", "0", "--once"]);
  const port = await serving.port;
  const asked = await new Actor(client, [`${HOST}:${port}`]).succeeds();
  return await serving.succeeds() && asked;
}

async function largerExchange(
  server: Role,
  client: Role,
  calls: string[][],
  serverOptions: string[] = [],
): Promise<boolean> {
  const serving = new Actor(server, [
    ...["--host", HOST, "--port", "0"],
    ...serverOptions,
  ]);
  const port = await serving.port;
  let allBack = true;
  for (const options of calls) {
    const asking = new Actor(client, [`${HOST}:${port}`, ...options]);
    allBack = await asking.succeeds() && allBack;
  }
  return await serving.stop() && allBack;
}

async function demo(): Promise<boolean> {
  title("TCP: one message, half-close, and back");
  let allBack = await oneShotExchange("tcp-server", "tcp-client");
  title("UDP: one datagram, and back");
  allBack = await oneShotExchange("udp-server", "udp-client") && allBack;
  title("TCP: 1 MiB with half-close");
  allBack = await largerExchange("tcp-server", "tcp-client", [
    ["--size", "1MiB"],
  ]) && allBack;
  title("UDP: from the smallest datagram to the largest");
  allBack = await largerExchange(
    "udp-server",
    "udp-client",
    DATAGRAM_SIZES.map((size) => ["--size", String(size)]),
  ) && allBack;
  title("TCP: how fast, from four connections");
  allBack = await largerExchange("tcp-server", "tcp-client", [
    ["--duration", "2s", "--connections", "4"],
  ]) && allBack;
  title("UDP: how fast, and does it lose anything, at 1000 a second");
  allBack = await largerExchange("udp-server", "udp-client", [
    ["--duration", "2s", "--rate", "1000", "--expect", "loss<=0"],
  ]) && allBack;
  title("STAMP: the same for each way by itself, and the reflector's own time");
  const stamp = ["--service", "stamp"];
  return await largerExchange("udp-server", "udp-client", [
    [...stamp, "--duration", "2s", "--rate", "200", "--expect", "loss.out<=0"],
  ], stamp) && allBack;
}

let isJson = false;
await runTask(DEMO, async ({ options }) => {
  isJson = options.json;
  setColorEnabled(!isJson && Deno.stdout.isTerminal() && !Deno.noColor);
  const allBack = await demo();
  print(
    allBack
      ? green("\nEvery byte came back.")
      : red("\nNot every byte came back: see above."),
  );
  const task = `npx -y deno@${Deno.version.deno} task`;
  print(`
To see the same as a page:
  ${task} demo --json > demo.jsonl
  ${task} report demo.jsonl --out demo.html`);
  return allBack ? DONE : FAILED;
});
