/**
 * Running a program in a worker thread, where its main thread would not serve
 * many flows fairly.
 *
 * Deno serves many sockets evenly only where its environment says so when a
 * thread starts (`ROLE_ENVIRONMENT` in `tasks/entry_module.ts`). Whoever starts
 * Deno can set that; an executable of `deno compile` starts with the environment
 * that it is given, and reads the variables that it carries (`--env-file`) after
 * its main thread has begun. A worker begins later, so in such a file what may have
 * many flows runs in one, and the main thread waits for its exit code. One message
 * and help run where they are, as a worker takes some 12 ms and 14 MB.
 *
 * A program may read no file, not even its own, so such a file carries its text
 * a second time, as a string (`tasks/compile/own_text.ts`).
 *
 * @module
 */

/** Above so many flows, Deno needs its setting; without it, it is unfair from 110 on. */
export const MANY_FLOWS = 64;

/** The global variable that holds the program's text. */
export const OWN_TEXT = "ECHOSOUNDER_TEXT";

/** The thread's name, by which a program knows that it runs in it. */
const THREAD = "echosounder";

/** What this module uses of the global scope. */
const scope = globalThis as {
  [OWN_TEXT]?: string;
  name?: string;
  postMessage?: (message: unknown) => void;
};

/** Whether the program carries its text, to run in a thread of its own. */
export function hasOwnText(): boolean {
  return scope[OWN_TEXT] !== undefined;
}

/**
 * Runs the program anew in a thread of its own, with the same command line,
 * standard streams, signals and permissions.
 *
 * @returns Its exit code.
 */
export function runInOwnThread(): Promise<number> {
  const text = encodeURIComponent(scope[OWN_TEXT]!);
  const worker = new Worker(`data:application/javascript,${text}`, {
    type: "module",
    name: THREAD,
  });
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
  if (scope.name === THREAD) scope.postMessage!(exitCode);
  Deno.exit(exitCode);
}
