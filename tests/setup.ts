/**
 * What tests share: peers that misbehave on purpose, and the programs as
 * processes.
 *
 * @module
 */
import { once } from "node:events";
import { connect } from "node:net";
import { fromFileUrl } from "@std/path/from-file-url";
import {
  entryModule,
  ROLE_ENVIRONMENT,
  ROLE_FLAGS,
} from "../tasks/entry_module.ts";
import type { Role } from "../cli/roles.ts";
import { close } from "../net/close.ts";

/** Text as bytes. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Bytes as text. */
export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** Bytes that no two places have in common for long. */
export function noise(size: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(data.subarray(at, at + 65_536));
  }
  return data;
}

/** Waits for a condition; fails after a time that no test needs. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  milliseconds = 10_000,
): Promise<void> {
  const giveUp = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > giveUp) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Writes a whole piece. */
export async function writeAll(
  conn: Deno.Conn,
  data: Uint8Array,
): Promise<void> {
  for (let at = 0; at < data.length;) {
    at += await conn.write(data.subarray(at));
  }
}

/** Reads so many bytes, or to the end where there are fewer. */
export async function read(
  conn: Deno.Conn,
  size = Infinity,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < size) {
    const buffer = new Uint8Array(Math.min(size - length, 262_144));
    const count = await conn.read(buffer);
    if (count === null) break;
    pieces.push(buffer.subarray(0, count));
    length += count;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * A client that sends, waits for the first of its echo, and breaks the
 * connection off by a reset. Deno's own sockets cannot.
 */
export async function sendAndReset(
  port: number,
  data: Uint8Array,
): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(data);
  await once(socket, "data");
  socket.resetAndDestroy();
  await once(socket, "close");
}

/** A TCP server of the test's own, which does with each client what it is told. */
export class TcpPeer implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #conns: Deno.TcpConn[] = [];
  readonly #done: Promise<void>;

  /** @param handle What to do with a client; it is closed at the end. */
  constructor(handle: (conn: Deno.TcpConn) => Promise<unknown>) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#done = this.#run(handle);
  }

  async #run(handle: (conn: Deno.TcpConn) => Promise<unknown>): Promise<void> {
    const clients: Promise<void>[] = [];
    for await (const conn of this.#listener) {
      this.#conns.push(conn);
      clients.push(
        handle(conn).catch(() => {}).then(() => close(conn)),
      );
    }
    await Promise.all(clients);
  }

  /** Closes the listener and every client. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#conns.forEach(close);
    await this.#done;
  }
}

/** A UDP server of the test's own, which does with each datagram what it is told. */
export class UdpPeer implements AsyncDisposable {
  /** Where it is bound. */
  readonly port: number;
  /** Datagrams received so far. */
  received = 0;
  readonly #socket: Deno.DatagramConn;
  readonly #done: Promise<void>;

  /** @param handle What to do with a datagram, its number counted from 1. */
  constructor(
    handle: (
      datagram: Uint8Array,
      answer: (data: Uint8Array) => Promise<unknown>,
      number: number,
      from: Deno.NetAddr,
    ) => unknown,
  ) {
    this.#socket = Deno.listenDatagram({
      transport: "udp",
      hostname: "127.0.0.1",
      port: 0,
    });
    this.port = (this.#socket.addr as Deno.NetAddr).port;
    this.#done = this.#run(handle);
  }

  async #run(handle: ConstructorParameters<typeof UdpPeer>[0]): Promise<void> {
    for await (const [datagram, from] of this.#socket) {
      this.received++;
      await handle(
        datagram,
        (data) => this.#socket.send(data, from),
        this.received,
        from as Deno.NetAddr,
      );
    }
  }

  /** Closes its socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#socket);
    await this.#done.catch(() => {});
  }
}

/** A UDP socket on the loopback. */
export class UdpSocket implements Disposable {
  readonly #socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });

  /** Where it is bound. */
  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /** Sends a datagram to a port of the loopback. */
  async send(data: Uint8Array, port: number): Promise<void> {
    await this.#socket.send(data, {
      transport: "udp",
      hostname: "127.0.0.1",
      port,
    });
  }

  /** The next datagram. */
  async receive(): Promise<Uint8Array> {
    return (await this.#socket.receive(new Uint8Array(65_536)))[0];
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** A port on which nobody listens. */
export function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** A test that needs something; where that is missing, it says so and is skipped. */
export function testWhere(
  given: boolean,
  missing: string,
  name: string,
  fn: () => void | Promise<void>,
): void {
  Deno.test({
    name: given ? name : `${name} (skipped: ${missing})`,
    ignore: !given,
    fn,
  });
}

/** Whether a program is installed; tests that need one say so where it is not. */
export function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, {
      args: [["ip", "socat"].includes(program) ? "-V" : "--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** Whether this machine has IPv6 on its loopback. */
export const HAS_IPV6: boolean = (() => {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
})();

/** The project's top folder. */
export const ROOT: string = fromFileUrl(new URL("..", import.meta.url));

/**
 * How a role is started: from source, or, where this names a folder, from the
 * executables in it, in an environment of which nothing else is known.
 */
const EXECUTABLES = Deno.env.get("ECHOSOUNDER_EXECUTABLES");

/** Whether roles are started from source. */
export function isFromSource(): boolean {
  return EXECUTABLES === undefined;
}

/** The folder of the executables that are tested. */
export function executablesFolder(): string {
  if (EXECUTABLES === undefined) {
    throw new Error("roles are started from source");
  }
  return EXECUTABLES;
}

/**
 * The environment that a role is started in: that of the tests, or, for
 * executables and where it is asked for, one with next to nothing in it.
 */
export function roleEnvironment(
  clearEnv = !isFromSource(),
): { env: Record<string, string>; clearEnv: boolean } {
  const names = isFromSource()
    // What Deno needs to find its cache.
    ? ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "SystemRoot"]
    : ["ECHOSOUNDER_PATH", "ECHOSOUNDER_HOME"];
  const kept = names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined
      ? []
      : [[name.replace("ECHOSOUNDER_", ""), value]];
  });
  return {
    env: {
      NO_COLOR: "1",
      // Executables see to that themselves.
      ...isFromSource() ? ROLE_ENVIRONMENT : {},
      ...clearEnv ? Object.fromEntries(kept) : {},
    },
    clearEnv,
  };
}

/** The command line that starts a role in its sandbox. */
export function roleCommand(role: Role): string[] {
  if (EXECUTABLES !== undefined) return [`${EXECUTABLES}/${role}`];
  return [
    Deno.execPath(),
    "run",
    "--frozen",
    "--quiet",
    ...ROLE_FLAGS,
    entryModule(role),
  ];
}

/** What a process left behind. */
export interface Outcome {
  /** Its exit code. */
  code: number;
  /** Its standard output. */
  stdout: string;
  /** Its standard error. */
  stderr: string;
}

/** How a process is started. */
export interface StartOptions {
  /** Its standard input; nothing by default. */
  stdin?: ReadableStream<Uint8Array>;
  /** More environment variables. */
  env?: Record<string, string>;
  /** Start without the environment of the tests. */
  clearEnv?: boolean;
}

/** A process whose output is read as it comes. */
export class TestProcess implements AsyncDisposable {
  /** Its standard output so far. */
  stdout = "";
  /** Its standard error so far. */
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #unread = new AbortController();
  readonly #outcome: Promise<Outcome>;

  constructor(command: string[], options: StartOptions = {}) {
    const [program, ...args] = command;
    const { env, clearEnv } = roleEnvironment(options.clearEnv);
    this.#child = new Deno.Command(program, {
      args,
      cwd: ROOT,
      env: { ...env, ...options.env },
      clearEnv,
      stdin: options.stdin ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    options.stdin?.pipeTo(this.#child.stdin).catch(() => {});
    this.#outcome = this.#collect();
  }

  async #collect(): Promise<Outcome> {
    const collect = async (
      stream: ReadableStream<Uint8Array<ArrayBuffer>>,
      add: (text: string) => void,
      signal?: AbortSignal,
    ) => {
      const texts = stream.pipeThrough(new TextDecoderStream(), { signal });
      try {
        for await (const piece of texts) add(piece);
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    };
    const { stdout, stderr, status } = this.#child;
    const [{ code }] = await Promise.all([
      status,
      collect(stdout, (piece) => this.stdout += piece, this.#unread.signal),
      collect(stderr, (piece) => this.stderr += piece),
    ]);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Closes the reading end of its standard output, as `| head -1` does. */
  stopReading(): void {
    this.#unread.abort();
  }

  /** Its process number. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Waits for text on its standard output. */
  async shows(part: string): Promise<void> {
    await until(
      () => this.stdout.includes(part),
      `"${part}" in ${JSON.stringify(this.stdout)} ${this.stderr}`,
    );
  }

  /** Waits for a server to listen; returns its port. */
  async listening(): Promise<number> {
    const pattern = /"port":(\d+)|Listening on \S+:(\d+) /;
    await until(
      () => pattern.test(this.stdout),
      `a listening line ${this.stderr}`,
    );
    const [, json, plain] = pattern.exec(this.stdout)!;
    return Number(json ?? plain);
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. */
  async outcome(): Promise<Outcome> {
    return await this.#outcome;
  }

  /** Ends it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#outcome;
  }
}

/** Starts a role. */
export function startRole(
  role: Role,
  args: string[],
  options?: StartOptions,
): TestProcess {
  return new TestProcess([...roleCommand(role), ...args], options);
}

/** Runs a role to its end. */
export async function runRole(
  role: Role,
  args: string[],
  options?: StartOptions,
): Promise<Outcome> {
  await using process = startRole(role, args, options);
  let ended = false;
  process.outcome().then(() => ended = true);
  await until(() => ended, `the end of ${role} ${args.join(" ")}`, 30_000);
  return await process.outcome();
}

/** Runs Deno in the project, its output shown; returns its exit code. */
export async function runDeno(
  args: string[],
  env: Record<string, string> = {},
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, env, cwd: ROOT })
    .spawn();
  return (await child.status).code;
}

/** Megabytes of memory that a process holds; 0 where the system does not tell. */
export function residentMemory(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
