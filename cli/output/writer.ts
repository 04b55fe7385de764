/**
 * Writing to standard output and standard error without ever blocking the
 * sockets: a reader that does not read must not stop an echo.
 *
 * @module
 */
import { concat } from "@std/bytes/concat";
import { pause } from "../../net/backoff.ts";

/** Something that takes bytes, such as `Deno.stdout`. */
export interface ByteSink {
  /** Takes some of the bytes; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Options of {@linkcode Output}. */
export interface OutputOptions {
  /**
   * What to do when the reader is behind: `wait` makes the writer wait, `drop`
   * leaves lines out and counts them.
   */
  whenFull: "wait" | "drop";
  /** Is told when nothing can be written any more. */
  onClosed?: (error: unknown) => void;
}

/** Bytes that may wait for a slow reader. */
const LIMIT = 1024 * 1024;

/** Milliseconds that the end of a program waits for a reader that may be left. */
const FLUSH_PATIENCE = 1000;

/** A queue of lines before a sink. */
export class Output {
  /** Lines left out because the reader was too far behind. */
  dropped = 0;
  /** Why nothing can be written any more. */
  error: unknown;

  readonly #sink: ByteSink;
  readonly #options: OutputOptions;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #queued = 0;
  #draining: Promise<void> | undefined;

  /**
   * @param sink Where it all goes.
   * @param options What to do when it does not go.
   */
  constructor(sink: ByteSink, options: OutputOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Writes a line; where a promise is returned, more is to be written after it. */
  writeLine(line: string): void | Promise<void> {
    return this.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Writes bytes; where a promise is returned, more is to be written after it. */
  write(bytes: Uint8Array<ArrayBuffer>): void | Promise<void> {
    if (this.error !== undefined) return;
    const full = this.#queued > LIMIT;
    if (full && this.#options.whenFull === "drop") {
      this.dropped++;
      return;
    }
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    this.#draining ??= this.#drain();
    if (full) return this.#draining;
  }

  /**
   * Resolves when everything is written, or nothing can be. With `drop`, a
   * reader that takes nothing for a second is not waited for any longer.
   */
  async flush(): Promise<void> {
    if (this.#options.whenFull === "wait") return await this.#draining;
    const enough = new AbortController();
    const patience = pause(FLUSH_PATIENCE, enough.signal);
    await Promise.race([this.#draining, patience]);
    enough.abort();
    this.dropped += this.#queue.length;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        // One write for all that has gathered meanwhile.
        const batch = concat(this.#queue);
        this.#queue = [];
        for (let at = 0; at < batch.length;) {
          at += await this.#sink.write(batch.subarray(at));
        }
        this.#queued -= batch.length;
      }
    } catch (error) {
      this.error = error;
      this.#queue = [];
      this.#options.onClosed?.(error);
    } finally {
      this.#draining = undefined;
    }
  }
}
