/**
 * The frame of all four programs: command line in, events and diagnostics out,
 * errors to one line and an exit code.
 *
 * @module
 */
// @ts-types="./output/colors.d.ts"
import { setColorEnabled } from "@std/fmt/colors";
import type { Logger } from "@logtape/logtape";
import { describeError, EchosounderError, systemCode } from "../net/errors.ts";
import type { ErrorEvent, Role } from "../events/line.ts";
import type { Failure } from "../events/mod.ts";
import { completionScript } from "./command_line/completions.ts";
import { setUpDiagnostics } from "./output/diagnostics.ts";
import { DONE, EXIT_CODES, FAILED, STOPPED } from "./exit_codes.ts";
import {
  helpText,
  invocation,
  shortHelpText,
  versionText,
} from "./command_line/help.ts";
import { jsonLine } from "./output/json_lines.ts";
import { LiveLine } from "./output/live_line.ts";
import type { OptionTable } from "./command_line/options.ts";
import { Output } from "./output/writer.ts";
import { endProcess, isUneven, isWorker, runInOwnThread } from "./threads.ts";
import { type CommandLine, parseCommandLine } from "./command_line/parse.ts";
import { type CommonValues, type RoleDefinition, ROLES } from "./roles.ts";
import { plural } from "../text/format.ts";
import { oneLine } from "../text/printable.ts";
import {
  createPrinter,
  type Printer,
  type PrinterOptions,
} from "./output/printer.ts";
import { UsageError } from "./command_line/values.ts";

/** What a running program uses to print and to stop. */
export interface Session extends Printer {
  /** A printer for one of several targets. */
  forTarget: (name: string) => Printer;
  /** Tells an error on standard error, and with `--json` as an event. */
  printError: (event: ErrorEvent, target?: string) => void;
  /** Standard output. */
  stdout: Output;
  /** Standard error. */
  stderr: Output;
  /** Diagnostics. */
  logger: Logger;
  /** Aborts when the reader of standard output has closed it. */
  outputClosed: AbortSignal;
}

/** A program: its role, how it shows events, and what it does. */
export interface Program<Table extends OptionTable> {
  /** Its role. */
  definition: RoleDefinition<Table>;
  /** What standard output does where its reader is too slow. */
  whenFull: "wait" | "drop";
  /** For how long it gathers what it prints, in milliseconds. */
  gather?: number;
  /** Whether it may have more than `MANY_FLOWS` at once. */
  hasManyFlows?: (line: CommandLine<Table>) => boolean;
  /** Whether it is one-shot: one client, one message or one datagram. */
  isOneShot: (line: CommandLine<Table>) => boolean;
  /** Whether it prints each message. */
  hasDetail?: (line: CommandLine<Table>) => boolean;
  /** Whether it shows its progress, where standard error is a terminal. */
  hasLiveLine?: (line: CommandLine<Table>) => boolean;
  /** Whether standard output carries data, so that events go to standard error. */
  hasDataOutput?: (line: CommandLine<Table>) => boolean;
  /** Does a worker's share of it, as the thread says that directs it. */
  work?: (line: CommandLine<Table>) => void;
  /** Runs it; returns the exit code. */
  run: (line: CommandLine<Table>, session: Session) => Promise<number>;
}

/** A client's run did not pass. */
export class RunFailed extends Error {
  /** Why not. */
  readonly code: Failure["code"];

  /** @param failure Why not. */
  constructor(failure: Failure) {
    super(failure.message);
    this.code = failure.code;
  }
}

/** What names a target and a client's side of the path, for people. */
export type Labels = Pick<ErrorEvent, "label" | "source_label">;

/** A client's run against a target has ended with an error, its `cause`. */
export class TargetFailed extends Error {
  /**
   * @param cause The error.
   * @param labels Whose it is.
   */
  constructor(cause: unknown, readonly labels: Labels) {
    super(undefined, { cause });
  }
}

/** Runs a program to its end, and the process with it; a worker, until it is ended. */
export async function runProgram<Table extends OptionTable>(
  program: Program<Table>,
): Promise<void> {
  if (isWorker()) {
    return program.work?.(
      parseCommandLine(program.definition, Deno.args, ROLES),
    );
  }
  const { role } = program.definition;
  const outputClosed = new AbortController();
  const stderr = new Output(Deno.stderr, { whenFull: "drop" });
  const stdout = new Output(Deno.stdout, {
    whenFull: program.whenFull,
    gather: program.gather,
    onClosed: (error) => outputClosed.abort(error),
  });
  const line = parseCommandLine(program.definition, Deno.args, ROLES);
  const { json } = line.options as unknown as CommonValues;
  const results = program.hasDataOutput?.(line) ? stderr : stdout;
  const printError = (event: ErrorEvent, target?: string) => {
    if (json) results.writeLine(jsonLine(event, role, target));
    const of = target === undefined ? "" : `${oneLine(target)}: `;
    stderr.writeLine(`${role}: ${of}${oneLine(event.message)}`);
  };
  let exitCode: number;
  try {
    if (line.problem !== undefined) throw line.problem;
    const isRun = requestedText(program.definition, line) === undefined;
    if (program.hasManyFlows?.(line) && isUneven() && isRun) {
      endProcess(await runInOwnThread());
    }
    exitCode = await start(program, line, results, {
      stdout,
      stderr,
      outputClosed: outputClosed.signal,
      printError,
    });
  } catch (error) {
    const event = errorEvent(error, role);
    exitCode = event.exit_code;
    if (hasNoReader(exitCode, stdout)) {
      if (json) results.writeLine(jsonLine(event, role));
    } else printError(event);
    if (event.code === "usage") {
      stderr.writeLine(`Try: ${invocation(role)} --help`);
    }
  }
  await stdout.flush();
  const isBroken = stdout.error !== undefined;
  if (isBroken && !(stdout.error instanceof Deno.errors.BrokenPipe)) {
    stderr.writeLine(
      `${role}: cannot write to standard output: ${
        describeError(stdout.error)
      }`,
    );
    if (exitCode === DONE || exitCode === STOPPED) exitCode = FAILED;
  }
  if (stdout.dropped > 0) {
    stderr.writeLine(
      `${role}: ${
        plural(stdout.dropped, "line")
      } dropped: standard output was not read`,
    );
  }
  await stderr.flush();
  // A reader that has seen enough (`| head -1`) is no failure.
  endProcess(hasNoReader(exitCode, stdout) ? DONE : exitCode);
}

/** Whether a client stopped only because its standard output was closed. */
function hasNoReader(exitCode: number, stdout: Output): boolean {
  return exitCode === STOPPED && stdout.error !== undefined;
}

/** What was asked for in place of a run: help, the version or a script. */
function requestedText<Table extends OptionTable>(
  definition: RoleDefinition<Table>,
  line: CommandLine<Table>,
): string | undefined {
  const { help, version, completions } = line
    .options as unknown as CommonValues;
  if (line.wantsShortHelp) return shortHelpText(definition);
  if (help) return helpText(definition);
  if (version) return versionText(definition.role);
  return completions && completionScript(completions, definition);
}

async function start<Table extends OptionTable>(
  program: Program<Table>,
  line: CommandLine<Table>,
  results: Output,
  streams: Pick<
    Session,
    "stdout" | "stderr" | "outputClosed" | "printError"
  >,
): Promise<number> {
  const { definition } = program;
  const options = line.options as unknown as CommonValues;
  const { stdout, stderr } = streams;
  const text = requestedText(definition, line);
  if (text !== undefined) {
    await stdout.writeLine(text);
    return DONE;
  }
  const color = !options["no-color"] && !Deno.noColor;
  setColorEnabled(color && Deno.stdout.isTerminal());
  const isQuiet = options.quiet && !line.given.has("log-level");
  const logger = await setUpDiagnostics(
    isQuiet ? "error" : options["log-level"],
    stderr,
    color && Deno.stderr.isTerminal(),
  );
  const isLive = !options.quiet && program.hasLiveLine?.(line) &&
    Deno.stderr.isTerminal() &&
    !(options.json && Deno.stdout.isTerminal());
  const printing: PrinterOptions = {
    role: definition.role,
    transport: definition.transport,
    results,
    logger,
    json: options.json,
    quiet: options.quiet,
    oneShot: program.isOneShot(line),
    detail: program.hasDetail?.(line) ?? false,
    ascii: !color,
    width: Deno.stdout.isTerminal() ? terminalWidth() : undefined,
  };
  const live = isLive
    ? new LiveLine(stderr, terminalWidth(), !color)
    : undefined;
  return await program.run(line, {
    ...streams,
    logger,
    ...createPrinter({ ...printing, live }),
    forTarget: (target) => {
      const { print } = createPrinter({ ...printing, target });
      // A picture of each would hide the results.
      return { print, onDelays: options.json ? undefined : () => {} };
    },
  });
}

/** The terminal's width; 80 where it reports none. */
function terminalWidth(): number {
  return Deno.consoleSize().columns || 80;
}

/** An error as an event, with the exit code that it leads to. */
export function errorEvent(error: unknown, role: Role): ErrorEvent {
  if (error instanceof TargetFailed) {
    return { ...errorEvent(error.cause, role), ...error.labels };
  }
  const code = error instanceof UsageError
    ? "usage"
    : error instanceof RunFailed || error instanceof EchosounderError
    ? error.code
    : "internal";
  return {
    event: "error",
    code,
    message: explain(error, role),
    exit_code: EXIT_CODES[code],
  };
}

/** What to do about an address that a server cannot bind, by the system's reason. */
const BIND_ADVICE: Record<string, string> = {
  EADDRINUSE: "choose another port with --port, or a free one with --port 0",
  EACCES: "ports below 1024 need a privilege; choose another with --port",
  EADDRNOTAVAIL:
    "--host takes an address of this machine, an IPv6 one only where IPv6 is on",
  EAFNOSUPPORT: "choose an address of the other family with --host",
};

/** The same for the source port of a client. */
const SOURCE_PORT_ADVICE: Record<string, string> = {
  EADDRINUSE: "choose another first port with --source-port",
  EACCES:
    "ports below 1024 need a privilege; choose another with --source-port",
};

/** An error in words, with what to do about it. */
function explain(error: unknown, role: Role): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof EchosounderError)) return error.message;
  if (error.code === "cannot-connect") {
    return `Unable to connect to server! ${error.message}`;
  }
  const advices = role === "udp-client" ? SOURCE_PORT_ADVICE : BIND_ADVICE;
  const advice = error.code === "cannot-bind" &&
    advices[systemCode(error.cause) ?? ""];
  return advice ? `${error.message}; ${advice}` : error.message;
}
