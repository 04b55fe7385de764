/**
 * The program's own text in further threads: one in place of the main thread, or
 * several for `--workers`.
 *
 * A thread of a program that may read no file, not even its own, runs on a `data:`
 * URL, so executables and packages carry their text a second time, as a string
 * (`tasks/compile/own_text.ts`). From source, the program's file has to be readable.
 *
 * Deno serves many sockets evenly only where its environment says so when a
 * thread starts (`ROLE_ENVIRONMENT` in `tasks/entry_module.ts`). Whoever starts
 * Deno can set that; an executable of `deno compile` starts with the environment
 * that it is given, and reads the variables that it carries (`--env-file`) after
 * its main thread has begun. A worker begins later, so in such a file what may have
 * many flows runs in one, and the main thread waits for its exit code. One message
 * and help run where they are, as a worker takes some 12 ms and 14 MB.
 *
 * @module
 */
import { EchosounderError, systemCode } from "../net/errors.ts";

/** Above so many flows, Deno needs its setting; without it, it is unfair from 110 on. */
export const MANY_FLOWS = 64;

/** The global variable that holds the program's text. */
export const OWN_TEXT = "ECHOSOUNDER_TEXT";

/** The global variable that is set where the main thread started without its environment. */
export const UNEVEN = "ECHOSOUNDER_UNEVEN";

/** The threads' names, by which a program knows that it runs in one: in place of the main thread, or beside others. */
const IN_PLACE = "echosounder";
const BESIDE = "echosounder-worker";

/** What this module uses of the global scope. */
const scope = globalThis as {
  [OWN_TEXT]?: string;
  [UNEVEN]?: boolean;
  name?: string;
  postMessage?: (message: unknown) => void;
  onmessage?: (event: MessageEvent) => void;
};

/** Whether the program has to leave the main thread to serve many flows evenly. */
export function isUneven(): boolean {
  return scope[UNEVEN] === true;
}

/** Whether it is one of several threads that another directs. */
export function isWorker(): boolean {
  return scope.name === BESIDE;
}

/** Where a thread finds the program; `undefined` where it may not. */
function ownAddress(): string | undefined {
  const text = scope[OWN_TEXT];
  if (text !== undefined) {
    return `data:application/javascript,${encodeURIComponent(text)}`;
  }
  const { state } = Deno.permissions.querySync({ name: "read" });
  return state === "granted" ? Deno.mainModule : undefined;
}

/** Whether the program can run in further threads, or does. */
export function canHaveThreads(): boolean {
  return isWorker() || ownAddress() !== undefined;
}

function startThread(name: string): Worker {
  return new Worker(ownAddress()!, { type: "module", name });
}

/**
 * Runs the program anew in a thread of its own, with the same command line,
 * standard streams, signals and permissions.
 *
 * @returns Its exit code.
 */
export function runInOwnThread(): Promise<number> {
  const worker = startThread(IN_PLACE);
  const { promise, resolve } = Promise.withResolvers<number>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    // Deno has shown the error, as it does for one in the main thread.
    event.preventDefault();
    resolve(1);
  };
  return promise;
}

/** Ends the process, from whichever thread. */
export function endProcess(exitCode: number): never {
  // Within a worker, Deno.exit() ends the worker alone.
  if (scope.name === IN_PLACE) scope.postMessage!(exitCode);
  Deno.exit(exitCode);
}

/** An error on its way from one thread to another. */
interface SentError {
  message: string;
  code?: EchosounderError["code"];
  systemCode?: string;
}

type Sent<Message, Answer> =
  | { message: Message }
  | { answer: Answer }
  | { error: SentError };

/** One of several threads that run the same command line, seen from the one that directs them. */
export class Thread<Told, Tells, Answer = never> {
  readonly #worker: Worker = startThread(BESIDE);
  /** Who waits for an answer, in order. */
  readonly #asking: ((answer: Answer) => void)[] = [];

  /**
   * @param onMessage Called with all that it tells.
   * @param onError Called where it has failed, or ended without a word.
   */
  constructor(
    onMessage: (message: Tells) => void,
    onError: (error: Error) => void,
  ) {
    this.#worker.onmessage = ({ data }: MessageEvent<Sent<Tells, Answer>>) => {
      if ("message" in data) onMessage(data.message);
      else if ("answer" in data) this.#asking.shift()!(data.answer);
      else onError(received(data.error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onError(new Error(`a worker has died: ${event.message}`));
    };
  }

  /** Tells it something. */
  tell(message: Told): void {
    this.#worker.postMessage(message);
  }

  /** Tells it something that it answers; pending for ever where it ends before. */
  ask(message: Told): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#asking.push(resolve);
    this.tell(message);
    return promise;
  }

  /** Ends it at once. */
  end(): void {
    this.#worker.terminate();
  }
}

/** The thread that directs this one. */
export class Director<Told, Tells, Answer> {
  /** @param onMessage Called with all that it tells. */
  constructor(onMessage: (message: Told) => void) {
    scope.onmessage = ({ data }) => onMessage(data);
  }

  /** Tells it something. */
  tell(message: Tells): void {
    scope.postMessage!({ message });
  }

  /** Answers what it has asked. */
  answer(answer: Answer): void {
    scope.postMessage!({ answer });
  }

  /** Tells it why this thread has failed. */
  fail(error: unknown): void {
    const { message } = error instanceof Error
      ? error
      : { message: `${error}` };
    const known = error instanceof EchosounderError ? error : undefined;
    scope.postMessage!({
      error: {
        message,
        code: known?.code,
        systemCode: systemCode(known?.cause),
      },
    });
  }
}

function received({ message, code, systemCode }: SentError): Error {
  if (code === undefined) return new Error(message);
  const cause = systemCode && Object.assign(new Error(), { code: systemCode });
  return new EchosounderError(code, message, { cause });
}
