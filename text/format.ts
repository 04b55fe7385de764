/**
 * Figures as text: measured ones with three significant digits, requested ones
 * exactly.
 *
 * @module
 */
import type {
  ConnectFailures,
  Expectation,
  JudgedExpectation,
} from "../events/mod.ts";

/** Three significant digits: a measured figure is no more accurate. */
function threeDigits(number: number): string {
  return number >= 99.95 ? number.toFixed(0) : number.toPrecision(3);
}

/** All digits, without floating-point noise. */
function allDigits(number: number): string {
  return String(Number(number.toPrecision(12)));
}

const SECOND = 1e6;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** `250 µs`, `1.25 ms`, `12.5 s`, `1 min 30 s`, `25 h`: a measured time. */
export function formatDuration(microseconds: number): string {
  if (microseconds === 0) return "0 s";
  if (microseconds < 999.5) return `${threeDigits(microseconds)} µs`;
  if (microseconds < 999_500) return `${threeDigits(microseconds / 1e3)} ms`;
  if (microseconds < 59.95 * SECOND) {
    return `${threeDigits(microseconds / SECOND)} s`;
  }
  const seconds = Math.round(microseconds / SECOND) * SECOND;
  if (seconds < HOUR) return sum(seconds, MINUTE, "min", SECOND, "s");
  const minutes = Math.round(microseconds / MINUTE) * MINUTE;
  return sum(minutes, HOUR, "h", MINUTE, "min");
}

/** `5 s`, `1.234 s`, `1 min 30 s`: a requested time, in full. */
export function formatExactDuration(microseconds: number): string {
  if (microseconds === 0) return "0 s";
  if (microseconds < 1e3) return `${allDigits(microseconds)} µs`;
  if (microseconds < SECOND) return `${allDigits(microseconds / 1e3)} ms`;
  if (microseconds < MINUTE) return `${allDigits(microseconds / SECOND)} s`;
  return microseconds % MINUTE === 0 && microseconds >= HOUR
    ? sum(microseconds, HOUR, "h", MINUTE, "min")
    : sum(microseconds, MINUTE, "min", SECOND, "s");
}

/** `1 min 30 s`, `1 h`: a time in two units, the second where there is a rest. */
function sum(
  microseconds: number,
  large: number,
  largeUnit: string,
  small: number,
  smallUnit: string,
): string {
  const whole = Math.floor(microseconds / large);
  const rest = microseconds - whole * large;
  return `${whole} ${largeUnit}` +
    (rest === 0 ? "" : ` ${allDigits(rest / small)} ${smallUnit}`);
}

/** A figure without trailing zeros: `5 ms`, not `5.00 ms`. */
export function trimZeros(figure: string): string {
  return figure.replace(/\.0+(?= |$)|(?<=\.\d+?)0+(?= |$)/, "");
}

const PREFIXES = ["", "k", "M", "G", "T"];

/** A number below 1000 and its metric prefix. */
function scaled(
  number: number,
  digits: (number: number) => string,
): [digits: string, prefix: string] {
  let prefix = 0;
  while (Number(digits(number)) >= 1000 && prefix < PREFIXES.length - 1) {
    number /= 1000;
    prefix++;
  }
  return [
    Number.isInteger(number) ? String(number) : digits(number),
    PREFIXES[prefix],
  ];
}

/** `999`, `12.3 k`, `1.05 G`: to be followed by a unit. */
export function formatRate(number: number): string {
  return scaled(number, threeDigits).join(" ").trimEnd();
}

/** `12.3 MB`: a size in a table, or as a part of a rate. */
export function formatBytes(bytes: number): string {
  return `${scaled(bytes, threeDigits).join(" ")}B`;
}

/** From this size on, a plain number of bytes is hard to read. */
const UNREADABLE = 100_000;

/** `14 bytes`, `65507 bytes`, `3.66 GB`: a size in a sentence, exact for any datagram. */
export function formatSize(bytes: number): string {
  return bytes < UNREADABLE ? plural(bytes, "byte") : formatBytes(bytes);
}

/** `10 of 14 bytes`, `34.7 MB of 100 MB`: a part of a size. */
export function formatPart(part: number, whole: number): string {
  return whole < UNREADABLE
    ? `${part} of ${plural(whole, "byte")}`
    : `${formatSize(part)} of ${formatSize(whole)}`;
}

/** `50.0 Mbit/s`, of bytes a second. */
export function formatBitRate(bytesPerSecond: number): string {
  return `${scaled(8 * bytesPerSecond, threeDigits).join(" ")}bit/s`;
}

/** `6.25 MB/s (50.0 Mbit/s)`: a measured throughput, in bytes and in bits. */
export function formatByteRate(bytesPerSecond: number): string {
  return byteRate(bytesPerSecond, threeDigits);
}

/** `6.25 MB/s (50 Mbit/s)`: a requested throughput, in full. */
export function formatExactByteRate(bytesPerSecond: number): string {
  return byteRate(bytesPerSecond, allDigits);
}

function byteRate(
  bytesPerSecond: number,
  digits: (number: number) => string,
): string {
  const bytes = scaled(bytesPerSecond, digits).join(" ");
  const bits = scaled(8 * bytesPerSecond, digits).join(" ");
  return `${bytes}B/s (${bits}bit/s)`;
}

/** Replaces our own `µs`; other text, which may come from a peer, stays as it is. */
export function toAscii(text: string): string {
  return text.replaceAll(/(?<=\d )µs/g, "us");
}

/** `1 client`, `2 clients`; `2 replies` where the plural is another word. */
export function plural(
  number: number,
  noun: string,
  several = `${noun}s`,
): string {
  return `${number} ${number === 1 ? noun : several}`;
}

/** `2 refused, 1 timed out`: why attempts to connect failed. */
export function formatConnectFailures(failures: ConnectFailures): string {
  return Object.entries(failures).filter(([, count]) => count > 0)
    .map(([reason, count]) => `${count} ${reason.replace("_", " ")}`)
    .join(", ");
}

/** `0.5 %`: a share of a whole, to two significant digits. */
export function formatShare(part: number, whole: number): string {
  const percent = 100 * part / Math.max(whole, 1);
  return `${Number(percent.toPrecision(2))} %`;
}

/** `p99 < 5 ms: 1.20 ms`: what was expected, and what was measured. */
export function formatExpectation(expectation: JudgedExpectation): string {
  const { metric, operator, limit, value, unit } = expectation;
  const actual = value === undefined ? "no such figure" : measured(value, unit);
  return `${metric} ${operator} ${requested(limit, unit)}: ${actual}`;
}

function measured(value: number, unit: Expectation["unit"]): string {
  switch (unit) {
    case "us":
      return formatDuration(value);
    case "percent":
      return `${Number(value.toPrecision(4))} %`;
    case "per-second":
      return `${formatRate(value)}/s`;
    case "per-minute":
      return `${formatRate(value)}/min`;
    case "bytes-per-second":
      return formatByteRate(value);
    case "messages":
      return String(value);
  }
}

function requested(limit: number, unit: Expectation["unit"]): string {
  switch (unit) {
    case "us":
      return formatExactDuration(limit);
    case "percent":
      return `${allDigits(limit)} %`;
    case "per-second":
      return `${allDigits(limit)}/s`;
    case "per-minute":
      return `${allDigits(limit)}/min`;
    case "bytes-per-second":
      return formatExactByteRate(limit);
    case "messages":
      return String(limit);
  }
}

/**
 * `22:28:35.2`: a moment in local time, to a tenth of a second, with its date
 * where that is not today's.
 */
export function formatLocalTime(time: Date, today: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const tenths = Math.floor(time.getMilliseconds() / 100);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map(two).join(":") + `.${tenths}`;
  if (time.toDateString() === today.toDateString()) return clock;
  const date = [
    time.getFullYear(),
    two(time.getMonth() + 1),
    two(time.getDate()),
  ]
    .join("-");
  return `${date} ${clock}`;
}
