/**
 * Printing events: as text or as JSON Lines.
 *
 * @module
 */
import type { Logger } from "@logtape/logtape";
import type { Printed, ProgramEvent } from "../../events/line.ts";
import type { DelayCount } from "../../measure/histogram.ts";
import { delayChart } from "./delay_chart.ts";
import { diagnose } from "./diagnostics.ts";
import { formatDuration } from "../../text/format.ts";
import { jsonLine } from "./json_lines.ts";
import type { LiveLine } from "./live_line.ts";
import type { Output } from "./writer.ts";
import type { Transport } from "../../events/mod.ts";
import type { Role } from "../roles.ts";
import { textLines } from "./text.ts";
import { throttled } from "./throttle.ts";

/** How events are printed. */
export interface PrinterOptions {
  /** Whose events they are. */
  role: Role;
  /** The program's transport. */
  transport: Transport;
  /** Where they are written. */
  results: Output;
  /** Where diagnostics go. */
  logger: Logger;
  /** Write JSON Lines instead of text. */
  json: boolean;
  /** Print the result or summary alone. */
  quiet: boolean;
  /** The program is one-shot: one client, one message or one datagram. */
  oneShot: boolean;
  /** Each message is printed. */
  detail: boolean;
  /** Write with ASCII characters alone. */
  ascii: boolean;
  /** The width of the terminal, where there is one. */
  width?: number;
  /** The target, where it is one of several. */
  target?: string;
  /** Shows the progress of a run. */
  live?: LiveLine;
}

/** The width of text that does not go to a terminal. */
const PLAIN_WIDTH = 80;

/** Prints the events of a program. */
export interface Printer {
  /** Prints an event; where it returns a promise, wait for it before printing more. */
  print: (event: ProgramEvent) => void | Promise<void>;
  /** Called with the delays of the result, to be drawn; absent where nothing is drawn. */
  onDelays?: (counts: DelayCount[]) => void;
}

/** Whether an event is what a program's run comes to, or was asked for. */
function isOutcome({ event }: ProgramEvent): boolean {
  return ["result", "summary", "progress", "sweep", "verdict", "error"]
    .includes(event);
}

/** Creates the printer of a program. */
export function createPrinter(options: PrinterOptions): Printer {
  const { role, results, logger, json, quiet, target, live, ascii } = options;
  const { width = PLAIN_WIDTH } = options;
  const style = {
    oneShot: options.oneShot,
    detail: options.detail,
    quiet,
    transport: options.transport,
    target,
    ascii,
  };

  let delays: DelayCount[] | undefined;

  function write(lines: string[]): void | Promise<void> {
    if (lines.length > 0) return results.writeLine(lines.join("\n"));
  }

  function print(event: Printed<ProgramEvent>, chart?: string[]) {
    return write(
      json
        ? [jsonLine(event, role, target)]
        : textLines(event, { ...style, chart }),
    );
  }

  async function printResult(
    event: Extract<ProgramEvent, { event: "result" }>,
  ): Promise<void> {
    await live?.clear();
    const chart = delays &&
      delayChart(delays, formatDuration, { width, ascii });
    await print(event, chart);
  }

  return {
    print: throttled((event) => {
      diagnose(event, logger);
      live?.observe(event);
      if (quiet && !isOutcome(event)) return;
      return event.event === "result" ? printResult(event) : print(event);
    }),
    onDelays: json || quiet ? undefined : (counts) => delays = counts,
  };
}
