/**
 * The time at which a client is to start, as `--start-at` takes it.
 *
 * @module
 */
import { LONGEST_TIME, UsageError } from "./values.ts";

/** `14:00` or `14:00:05`, by this machine's clock. */
const TIME_OF_DAY = /^\d\d:\d\d(:\d\d)?$/;

/** A date and a time with a zone (RFC 3339). */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/i;

/**
 * `2026-12-01T14:00:00Z`; or `14:00`, which is the next time that this machine's
 * clock shows it, today or tomorrow.
 *
 * @param now What that clock shows, with its zone.
 * @returns Milliseconds since 1970 (UTC).
 * @throws {UsageError} Where it is no time, past, or too far away.
 */
export function startTime(
  text: string,
  now: Temporal.ZonedDateTime = Temporal.Now.zonedDateTimeISO(),
): number {
  const at = read(text, now);
  if (at < now.epochMilliseconds) {
    throw new UsageError(
      `"${text}" is past: this machine's clock shows ${
        now.toInstant().toString({ smallestUnit: "millisecond" })
      }`,
    );
  }
  if (at - now.epochMilliseconds > LONGEST_TIME) {
    throw new UsageError(`"${text}" is too far away: 24 days are the most`);
  }
  return at;
}

function read(text: string, now: Temporal.ZonedDateTime): number {
  try {
    if (INSTANT.test(text)) {
      return Temporal.Instant.from(text).epochMilliseconds;
    }
    if (TIME_OF_DAY.test(text)) {
      const time = Temporal.PlainTime.from(text);
      const today = now.withPlainTime(time);
      const isPast = Temporal.ZonedDateTime.compare(today, now) < 0;
      return (isPast ? now.add({ days: 1 }).withPlainTime(time) : today)
        .epochMilliseconds;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new UsageError(
    `"${text}" is not a time to start at: write 14:00, 14:00:05 or 2026-12-01T14:00:00Z`,
  );
}
