/**
 * The demo: all four roles as processes of their own, on free ports of this
 * machine, first as the teaching programs did it, then with more.
 *
 * @module
 */
// @ts-types="./colors.d.ts"
import { bold, dim, green, red, setColorEnabled } from "@std/fmt/colors";
import { entryModule, ROLE_FLAGS } from "./entry_module.ts";
import type { Role } from "./roles.ts";

const HOST = "127.0.0.1";

/** Sizes at which something changes: nothing, one, the largest in one Ethernet frame, the first in two, jumbo, the largest. */
const DATAGRAM_SIZES = [0, 1, 1472, 1473, 9000, 65_507];

/** A role as a process, its lines shown as they come. */
class Actor {
  /** The port that it listens on, for a server. */
  readonly port: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #shown: Promise<unknown>;

  constructor(readonly role: Role, args: string[]) {
    console.log(`${dim("$")} ${bold(`${role} ${args.join(" ")}`)}`);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        ...ROLE_FLAGS,
        entryModule(role),
        ...args,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.port = promise;
    // A client has none, and a server that fails has said why.
    promise.catch(() => {});
    const listening = (line: string) => {
      const match = /^Listening on \S+:(\d+) /.exec(line);
      if (match !== null) resolve(Number(match[1]));
    };
    this.#shown = Promise.all([
      this.#show(this.#child.stdout, listening),
      this.#show(this.#child.stderr, () => {}),
    ]).finally(() => reject(new Error(`${role} ended before it listened`)));
  }

  async #show(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    seen: (line: string) => void,
  ): Promise<void> {
    let rest = "";
    const show = (line: string) => {
      console.log(`  ${dim(`${this.role} |`)} ${line}`);
      seen(line);
    };
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop()!;
      lines.forEach(show);
    }
    if (rest !== "") show(rest);
  }

  /** Waits for its end; whether all was well. */
  async succeeds(): Promise<boolean> {
    const { code } = await this.#child.status;
    await this.#shown;
    if (code !== 0) {
      console.log(red(`  ${this.role} ended with exit code ${code}`));
    }
    return code === 0;
  }

  /** Asks it to stop in order, and waits; whether all was well. */
  async stop(): Promise<boolean> {
    // Windows ends a process without asking it.
    const asks = Deno.build.os !== "windows";
    this.#child.kill("SIGTERM");
    const stoppedWell = await this.succeeds();
    return stoppedWell || !asks;
  }
}

function title(text: string): void {
  console.log(`\n${bold(text)}`);
}

async function teachingExchange(server: Role, client: Role): Promise<boolean> {
  const serving = new Actor(server, ["--host", HOST, "--port", "0", "--once"]);
  const port = await serving.port;
  const asked = await new Actor(client, [`${HOST}:${port}`]).succeeds();
  return await serving.succeeds() && asked;
}

async function largerExchange(
  server: Role,
  client: Role,
  sizes: (number | string)[],
): Promise<boolean> {
  const serving = new Actor(server, ["--host", HOST, "--port", "0"]);
  const port = await serving.port;
  let allBack = true;
  for (const size of sizes) {
    const asking = new Actor(client, [
      `${HOST}:${port}`,
      "--size",
      String(size),
    ]);
    allBack = await asking.succeeds() && allBack;
  }
  return await serving.stop() && allBack;
}

async function demo(): Promise<boolean> {
  title("TCP: one message, half-close, and back");
  let allBack = await teachingExchange("tcp-server", "tcp-client");
  title("UDP: one datagram, and back");
  allBack = await teachingExchange("udp-server", "udp-client") && allBack;
  title("TCP: 1 MiB with half-close");
  allBack = await largerExchange("tcp-server", "tcp-client", ["1MiB"]) &&
    allBack;
  title("UDP: from the smallest datagram to the largest");
  return await largerExchange("udp-server", "udp-client", DATAGRAM_SIZES) &&
    allBack;
}

setColorEnabled(Deno.stdout.isTerminal() && !Deno.noColor);
const allBack = await demo();
console.log(
  allBack
    ? green("\nEvery byte came back.")
    : red("\nNot every byte came back: see above."),
);
Deno.exit(allBack ? 0 : 1);
