/**
 * Writing to standard output and standard error without blocking the sockets: a
 * reader that does not read must not stop an echo.
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
   * What to do when the reader is too slow: `wait` makes the writer wait, `drop`
   * drops lines and counts them.
   */
  whenFull: "wait" | "drop";
  /** Milliseconds in which lines are gathered after a write, for the next one. @default {0} */
  gather?: number;
  /** Called when nothing more can be written. */
  onClosed?: (error: unknown) => void;
}

/** Bytes queued for a slow reader at most. */
const LIMIT = 1024 * 1024;

/** Milliseconds that the end of a program waits for a reader, with `drop`. */
const FLUSH_PATIENCE = 1000;

const encoder = new TextEncoder();

/** A queue of lines before a sink. */
export class Output {
  /** Lines dropped because the reader was too slow. */
  dropped = 0;
  /** Why nothing more can be written. */
  error: unknown;

  readonly #sink: ByteSink;
  readonly #options: OutputOptions;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  /** Lines that come after what is in the queue: encoded together, which costs less. */
  #text = "";
  /** How much waits, in bytes; of lines, in characters. */
  #queued = 0;
  /** How many lines or pieces wait. */
  #waiting = 0;
  #draining: Promise<void> | undefined;
  /** Aborts when nothing more is to come, for which to wait. */
  readonly #ending: AbortController = new AbortController();

  /**
   * @param sink Where the lines go.
   * @param options What to do when it is full or closed.
   */
  constructor(sink: ByteSink, options: OutputOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Writes a line; where it returns a promise, wait for it before writing more. */
  writeLine(line: string): void | Promise<void> {
    return this.#add(line.length + 1, () => this.#text += `${line}\n`);
  }

  /** Writes bytes; where it returns a promise, wait for it before writing more. */
  write(bytes: Uint8Array<ArrayBuffer>): void | Promise<void> {
    return this.#add(bytes.length, () => {
      this.#encode();
      this.#queue.push(bytes);
    });
  }

  #add(length: number, put: () => void): void | Promise<void> {
    if (this.error !== undefined) return;
    const full = this.#queued > LIMIT;
    if (full && this.#options.whenFull === "drop") {
      this.dropped++;
      return;
    }
    put();
    this.#queued += length;
    this.#waiting++;
    this.#draining ??= this.#drain();
    if (full) return this.#draining;
  }

  #encode(): void {
    if (this.#text !== "") this.#queue.push(encoder.encode(this.#text));
    this.#text = "";
  }

  /**
   * Resolves when everything is written, or nothing more can be. With `drop`, it
   * waits for a second at most.
   */
  async flush(): Promise<void> {
    this.#ending.abort();
    if (this.#options.whenFull === "wait") return await this.#draining;
    const enough = new AbortController();
    const patience = pause(FLUSH_PATIENCE, enough.signal);
    await Promise.race([this.#draining, patience]);
    enough.abort();
    this.dropped += this.#waiting;
  }

  async #drain(): Promise<void> {
    const { gather = 0 } = this.#options;
    try {
      while (this.#waiting > 0) {
        // One write for all that was queued meanwhile.
        this.#encode();
        const batch = concat(this.#queue);
        const length = this.#queued;
        this.#queue = [];
        this.#waiting = 0;
        for (let at = 0; at < batch.length;) {
          at += await this.#sink.write(batch.subarray(at));
        }
        this.#queued -= length;
        // Each write costs as much as some connections.
        if (gather > 0) await pause(gather, this.#ending.signal);
      }
    } catch (error) {
      this.error = error;
      this.#queue = [];
      this.#text = "";
      this.#waiting = 0;
      this.#options.onClosed?.(error);
    } finally {
      this.#draining = undefined;
    }
  }
}
