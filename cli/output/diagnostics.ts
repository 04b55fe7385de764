/**
 * Diagnostics for troubleshooting, on standard error and never mixed with results.
 *
 * @module
 */
import {
  configure,
  getAnsiColorFormatter,
  getLogger,
  getTextFormatter,
  type Logger,
  type LogLevel,
} from "@logtape/logtape";
import type { Printed, ProgramEvent } from "../../events/line.ts";
import type { Output } from "./writer.ts";
import { formatDuration, trimZeros } from "../../text/format.ts";
import { oneLine } from "../../text/printable.ts";

/** Logs everything from a level on to an output. */
export async function setUpDiagnostics(
  level: LogLevel,
  output: Output,
  color: boolean,
): Promise<Logger> {
  const options = { timestamp: "rfc3339", value: "bare" } as const;
  const format = color
    ? getAnsiColorFormatter(options)
    : getTextFormatter(options);
  // Only what the formatter itself puts around a message may colour it, or end
  // its line.
  const escaped = (value: unknown) =>
    typeof value === "string" ? oneLine(value) : value;
  await configure({
    sinks: {
      output: (record) => {
        const message = record.message.map(escaped);
        const line = format({ ...record, message });
        output.write(new TextEncoder().encode(line));
      },
    },
    loggers: [
      { category: "echosounder", lowestLevel: level, sinks: ["output"] },
      // LogTape's own notices, such as that it was configured, are noise.
      {
        category: ["logtape", "meta"],
        lowestLevel: "warning",
        sinks: ["output"],
      },
    ],
  });
  return getLogger("echosounder");
}

/** `200 ms`: the time to the next attempt. */
function shortly(microseconds: number): string {
  return trimZeros(formatDuration(microseconds));
}

/** Logs the events that are diagnostics. */
export function diagnose(event: Printed<ProgramEvent>, logger: Logger): void {
  if (event.event === "fault") {
    const wait = event.retry_us === undefined
      ? ""
      : `; again in ${shortly(event.retry_us)}`;
    const more = event.omitted === undefined
      ? ""
      : ` (and ${event.omitted} more before)`;
    logger.warning`${event.operation} failed: ${event.detail}${wait}${more}`;
  } else if (event.event === "retry") {
    logger.debug`${event.detail}; again in ${shortly(event.retry_us)}`;
  }
}
