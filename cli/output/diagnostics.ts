/**
 * Diagnostics: what a person looking for a fault wants to know, on standard
 * error and never among the results.
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
import type { ProgramEvent, Told } from "../../events/line.ts";
import type { Output } from "./writer.ts";
import { formatDuration, trimZeros } from "../../text/format.ts";
import { oneLine } from "../../text/printable.ts";

/** Sends everything from a level on to an output. */
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
  const foreign = (value: unknown) =>
    typeof value === "string" ? oneLine(value) : value;
  await configure({
    sinks: {
      output: (record) => {
        const message = record.message.map(foreign);
        const line = format({ ...record, message });
        output.write(new TextEncoder().encode(line));
      },
    },
    loggers: [
      { category: "echosounder", lowestLevel: level, sinks: ["output"] },
      // Its own notices, such as that it was configured, are nobody's concern.
      {
        category: ["logtape", "meta"],
        lowestLevel: "warning",
        sinks: ["output"],
      },
    ],
  });
  return getLogger("echosounder");
}

/** `200 ms`: how long it is to the next try. */
function shortly(microseconds: number): string {
  return trimZeros(formatDuration(microseconds));
}

/** Logs what an event has to say to somebody looking for a fault. */
export function diagnose(event: Told<ProgramEvent>, logger: Logger): void {
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
