/**
 * Programs on a terminal of their own, with keys pressed.
 *
 * @module
 */
import { until } from "./until.ts";

/** A shell on a terminal: that of `script`, which is a part of Debian's base. */
export class Terminal implements AsyncDisposable {
  /** What it has shown so far. */
  shown = "";
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;

  /** @param command A command line for sh. */
  constructor(command: string, env: Record<string, string> = {}) {
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--flush", "--command", command, "/dev/null"],
      // The shell that `script` runs the command with.
      env: { SHELL: "/bin/sh", TERM: "dumb", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    const texts = this.#child.stdout.pipeThrough(new TextDecoderStream());
    for await (const text of texts) this.shown += text;
  }

  /** Presses keys; `\t` and `\r` are Tab and Enter. */
  async press(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Waits until a text has been shown so often. */
  async shows(text: string, times = 1): Promise<void> {
    await until(
      () => this.shown.split(text).length > times,
      `${JSON.stringify(text)} in ${JSON.stringify(this.shown)}`,
    );
  }

  /** Ends what runs on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#keys.abort().catch(() => {});
    await this.#child.status;
    await this.#reading;
  }
}
