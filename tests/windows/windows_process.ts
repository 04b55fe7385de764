/**
 * Windows programs as processes, on Windows or under Wine.
 *
 * @module
 */
import { join } from "node:path";
import type { Launched } from "../executables/behaviours.ts";
import { type StartOptions, TestProcess } from "../setup/process.ts";

/** Where Windows programs are, and how they are started here. */
export interface WindowsSetting {
  /** The folder of the programs, as Windows names it. */
  folder: string;
  /** What starts a Windows program here: nothing on Windows. */
  command: string[];
  /** The folder that Windows programs know as `Z:\`, under Wine. */
  root?: string;
  /** The port that the teaching text's programs have built in. */
  teachingPort: number;
}

const SETTING = Deno.env.get("ECHOSOUNDER_WINDOWS");

/** The setting, where the task that runs these tests has made it. */
export const WINDOWS: WindowsSetting | undefined = SETTING === undefined
  ? undefined
  : JSON.parse(SETTING);

/** A path for these tests of what Windows programs know by another. */
export function pathHere(path: string): string {
  return WINDOWS!.root === undefined
    ? path
    : join(WINDOWS!.root, path.replace(/^Z:/, "").replaceAll("\\", "/"));
}

/** The path for Windows programs of what these tests know by another. */
export function pathThere(path: string): string {
  return WINDOWS!.root === undefined
    ? path
    : "Z:" + path.slice(WINDOWS!.root.length).replaceAll("/", "\\");
}

/** A Windows program in a console of its own: `console.c` starts it. */
export class WindowsProcess extends TestProcess implements Launched {
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  #hasEnded = false;

  /** @param program Its path, as Windows names it. */
  constructor(program: string, args: string[], options: StartOptions = {}) {
    const keys = new TransformStream<Uint8Array, Uint8Array>();
    const variables = Object.entries(options.env ?? {});
    super([
      ...WINDOWS!.command,
      join(pathHere(WINDOWS!.folder), "console.exe").slice(
        WINDOWS!.root?.length ?? 0,
      ),
      ...variables.map(([name, value]) => `${name}=${value}`),
      program,
      ...args,
    ], { stdin: keys.readable });
    this.#keys = keys.writable.getWriter();
    this.outcome().then(() => this.#hasEnded = true);
    if (options.stdin !== undefined) this.#feed(options.stdin);
  }

  async #feed(input: ReadableStream<Uint8Array>): Promise<void> {
    await this.#press("i");
    try {
      for await (const data of input) await this.#keys.write(data);
      await this.#keys.close();
    } catch {
      // It has ended before its input.
    }
  }

  async #press(key: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(key));
  }

  async interrupt(): Promise<void> {
    await this.#press("c");
  }

  /** Presses Ctrl+Break in its console. */
  async break(): Promise<void> {
    await this.#press("b");
  }

  async end(): Promise<void> {
    await this.#press("k");
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.end().catch(() => {});
    // One that has its own standard input cannot be told to end.
    const giveUp = setTimeout(() => super[Symbol.asyncDispose](), 10_000);
    await this.outcome();
    clearTimeout(giveUp);
  }
}

/** Starts a program among those that were made for these tests. */
export function startWindows(
  name: string,
  args: string[],
  options?: StartOptions,
): WindowsProcess {
  return new WindowsProcess(`${WINDOWS!.folder}\\${name}.exe`, args, options);
}
