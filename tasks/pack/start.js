/**
 * Starts a program of this package on Deno, which the package `deno` brings.
 *
 * Where Node can, it becomes Deno (`execve`), so that the process that was
 * started is the program. Elsewhere Deno is a child, which gets the terminal's
 * Ctrl+C by itself; what only this process is sent is passed on. Then Ctrl+C
 * comes twice, at once, which the programs take for one.
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { constants as system } from "node:os";
import { fileURLToPath } from "node:url";

// To import it would open the standard streams, which are the program's, and
// make pipes not wait.
const { process } = globalThis;

/** What a shell says of a program that is there and cannot be started. */
const CANNOT_START = 126;

/** Windows asks every process of a console itself, and cannot ask one alone. */
const ON_WINDOWS = process.platform === "win32";
const SIGNALS = ON_WINDOWS
  ? ["SIGINT", "SIGBREAK", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program; the process ends as it does.
 *
 * @param {string} name The program: its file is `programs/NAME.mjs`.
 * @param {string[]} flags What Deno is called with before the file.
 * @param {Record<string, string>} variables What its environment has besides.
 */
export function start(name, flags, variables) {
  const file = fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));
  const args = [...flags, file, ...process.argv.slice(2)];
  const env = { ...process.env, ...variables };
  let deno;
  try {
    deno = findDeno();
  } catch (error) {
    fail(name, error);
  }
  if (!ON_WINDOWS && typeof process.execve === "function") {
    process.execve(deno, [deno, ...args], env);
  }
  runAsChild(name, deno, args, env);
}

/** The path of Deno's binary; puts it in its place where npm has not done so. */
function findDeno() {
  const require = createRequire(import.meta.url);
  const path = require("deno/install_api.cjs").runInstall();
  // Node cannot report that execve has failed: it aborts.
  accessSync(path, ON_WINDOWS ? constants.F_OK : constants.X_OK);
  return path;
}

function runAsChild(name, deno, args, env) {
  // First: what is sent from here on is for the child.
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (!ON_WINDOWS) child.kill(signal);
    });
  }
  const child = spawn(deno, args, { env, stdio: "inherit" });
  if (child.pid === undefined) {
    child.on("error", (error) => fail(name, error));
    return;
  }
  const watchdog = ON_WINDOWS ? undefined : watch(child.pid);
  // What it was sent has come too late.
  child.on("error", () => {});
  child.on("exit", (code, signal) => {
    watchdog?.kill("SIGKILL");
    if (signal === null) process.exit(code);
    // Ends by the same signal, which the caller's shell can see.
    process.exitCode = 128 + (system.signals[signal] ?? 0);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * Starts what asks the child to stop when this process is gone, such as by
 * SIGKILL: a shell that reads from it. (Windows ends the child itself.)
 */
function watch(pid) {
  const script = "trap '' HUP INT TERM; read -r line; kill -TERM \"$0\"";
  const watchdog = spawn("/bin/sh", ["-c", script, String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Without a shell, the child outlives a SIGKILL.
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  return watchdog;
}

function fail(name, error) {
  const [reason] = String(error.message).split("\n");
  console.error(
    `${name}: cannot start Deno: ${reason}. Install echosounder again, with its ` +
      "optional dependencies, on a system that Deno runs on.",
  );
  process.exit(CANNOT_START);
}
