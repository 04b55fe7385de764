/**
 * Figures as people write them, with no more digits than they are good for.
 *
 * @module
 */
import type { Expectation, JudgedExpectation } from "../events/mod.ts";

/** Three digits. */
function three(number: number): string {
  return number >= 99.95 ? number.toFixed(0) : number.toPrecision(3);
}

/** `250 µs`, `1.25 ms`, `12.5 s`: three digits are what such a time is good for. */
export function formatDuration(microseconds: number): string {
  if (microseconds < 999.5) return `${three(microseconds)} µs`;
  if (microseconds < 999_500) return `${three(microseconds / 1e3)} ms`;
  return `${three(microseconds / 1e6)} s`;
}

/** A figure that was asked for, and so is exact: `5 ms`, not `5.00 ms`. */
export function exact(figure: string): string {
  return figure.replace(/\.0+(?= )|(?<=\.\d+?)0+(?= )/, "");
}

const PREFIXES = ["", "k", "M", "G", "T"];

/** `999`, `12.3 k`, `1.05 G`: to be followed by a unit. */
export function formatRate(number: number): string {
  let scaled = number;
  let prefix = 0;
  while (scaled >= 999.5 && prefix < PREFIXES.length - 1) {
    scaled /= 1000;
    prefix++;
  }
  const digits = Number.isInteger(scaled) ? String(scaled) : three(scaled);
  return prefix === 0 ? digits : `${digits} ${PREFIXES[prefix]}`;
}

/** `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const number = formatRate(bytes);
  return /[a-z]$/i.test(number) ? `${number}B` : `${number} B`;
}

/** `12.3 MB/s`. */
export function formatByteRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** The same in ASCII characters alone. */
export function plain(text: string): string {
  return text.replaceAll("µ", "u");
}

/** `1 client`, `2 clients`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `0.5 %`: a share of a whole, to two digits. */
export function formatShare(part: number, whole: number): string {
  const percent = 100 * part / Math.max(whole, 1);
  return `${Number(percent.toPrecision(2))} %`;
}

/** `p99 < 5 ms: 1.20 ms`: what was expected, and what came. */
export function formatExpectation(expectation: JudgedExpectation): string {
  const { metric, operator, limit, value, unit } = expectation;
  const came = value === undefined ? "no such figure" : inUnit(value, unit);
  const bound = exact(inUnit(limit, unit));
  return `${metric} ${operator} ${bound}: ${came}`;
}

function inUnit(value: number, unit: Expectation["unit"]): string {
  const rounded = Number(value.toPrecision(4));
  switch (unit) {
    case "us":
      return formatDuration(value);
    case "percent":
      return `${rounded}%`;
    case "per-second":
      return `${rounded}/s`;
    case "bytes-per-second":
      return formatByteRate(value);
    case "messages":
      return String(value);
  }
}
