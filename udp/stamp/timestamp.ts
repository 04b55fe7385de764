/**
 * Timestamps on the wire: the 64-bit NTP format (RFC 5905, section 6) and the
 * truncated PTPv2 format (RFC 8877, section 4.3).
 *
 * A time is two numbers and not one, because microseconds since 1970 fill a
 * double to a quarter of a microsecond; and not a bigint, because a time is taken
 * for every packet, into an object that is used again.
 *
 * PTPv2 counts in TAI where its clock is a PTP clock, 37 seconds ahead of UTC
 * since 2017. A program cannot know which it reads: here both formats are UTC,
 * as they are in other software without PTP hardware.
 *
 * @module
 */

/** A time of the wall clock, UTC. */
export interface Timestamp {
  /** Whole seconds since the Unix epoch. */
  seconds: number;
  /** The rest: from 0 up to, but not including, a thousand million; not always whole. */
  nanoseconds: number;
}

/** How a timestamp is written. */
export type TimestampFormat = "NTP" | "PTPv2";

/** The bytes of a timestamp in either format. */
export const TIMESTAMP_SIZE = 8;

/** Seconds from 1900 to 1970, by which NTP is ahead (RFC 5905, figure 4). */
const NTP_AHEAD = 2_208_988_800;

/** Seconds in an era of NTP, after which it counts from 0 again: first in February 2036. */
const ERA = 2 ** 32;

const BILLION = 1_000_000_000;

/** Microseconds from one time to another; negative where the other is earlier. */
export function microsecondsBetween(from: Timestamp, to: Timestamp): number {
  return (to.seconds - from.seconds) * 1_000_000 +
    (to.nanoseconds - from.nanoseconds) / 1000;
}

/** Writes a time; what is finer than the format is cut off. */
export function writeTimestamp(
  view: DataView,
  offset: number,
  { seconds, nanoseconds }: Timestamp,
  format: TimestampFormat,
): void {
  if (format === "NTP") {
    // Setting a field of 32 bits takes the seconds modulo an era.
    view.setUint32(offset, seconds + NTP_AHEAD);
    view.setUint32(offset + 4, Math.floor(nanoseconds * (ERA / BILLION)));
  } else {
    view.setUint32(offset, seconds);
    view.setUint32(offset + 4, Math.floor(nanoseconds));
  }
}

/**
 * Reads a time.
 *
 * NTP's eras are told apart by the first bit of the seconds, as RFC 4330 does in
 * section 3: times from 1968 to 2036 have it, those from 2036 to 2104 do not.
 *
 * @returns The time, from 1968 to 2106; the nanoseconds of a broken PTPv2
 * timestamp may be above their range.
 */
export function readTimestamp(
  view: DataView,
  offset: number,
  format: TimestampFormat,
): Timestamp {
  const seconds = view.getUint32(offset);
  const rest = view.getUint32(offset + 4);
  if (format === "PTPv2") return { seconds, nanoseconds: rest };
  const era = seconds >= ERA / 2 ? 0 : ERA;
  return {
    seconds: seconds + era - NTP_AHEAD,
    // Exact: a fraction of 32 bits times a thousand million fits into 53 bits.
    nanoseconds: rest * BILLION / ERA,
  };
}
