/**
 * The programs as processes.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  entryModule,
  ROLE_ENVIRONMENT,
  ROLE_FLAGS,
} from "../../tasks/entry_module.ts";
import type { Role } from "../../cli/roles.ts";
import { until } from "./until.ts";

/** The project's top folder. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Where set, roles are started from the executables in this folder, in an
 * environment without other variables; else from source.
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
 * executables and where requested, an almost empty one.
 */
export function roleEnvironment(
  clearEnv = !isFromSource(),
): { env: Record<string, string>; clearEnv: boolean } {
  const names = isFromSource()
    // Deno finds its cache by these.
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
      // Executables set it themselves.
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

  /** Sends it a signal until it ends: one soon after the first counts as the same. */
  async signalAgain(signal: Deno.Signal): Promise<void> {
    await until(() => {
      try {
        this.#child.kill(signal);
        return false;
      } catch {
        // It has ended.
        return true;
      }
    }, `its end by ${signal}`);
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

/** Resident memory of a process in megabytes; 0 where it is unknown. */
export function residentMemory(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
