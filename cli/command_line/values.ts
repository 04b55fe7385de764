/**
 * Parsing the values of options: one function for each kind. Each throws a
 * `UsageError` that says what is wrong and what would be right.
 *
 * @module
 */
import type { PortService, Service } from "../../events/mod.ts";
import { isIpAddress, type LocalAddress } from "../../net/address.ts";
import { allowList } from "../../net/allow_list.ts";
import type { Reader } from "./options.ts";

/** The command line is wrong; the message says how, and what would be right. */
export class UsageError extends Error {}

const MILLISECONDS: Record<string, number> = {
  us: 1 / 1000,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A JavaScript timer waits just under 25 days at most. */
export const LONGEST_TIME = 24 * 24 * 3_600_000;

/** `250us`, `20ms`, `5s`, `2m`, `1h`, as milliseconds. */
export function time(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)?$/.exec(text);
  if (match === null) {
    throw new UsageError(
      `"${text}" is not a time: write 250us, 20ms, 5s, 2m or 1h`,
    );
  }
  const [, number, unit] = match;
  if (unit === undefined) {
    throw new UsageError(`"${text}" needs a unit: write ${text}ms or ${text}s`);
  }
  const milliseconds = Number(number) * MILLISECONDS[unit];
  if (milliseconds > LONGEST_TIME) {
    throw new UsageError(`"${text}" is too long: 576h is the most`);
  }
  return milliseconds;
}

/** Milliseconds as {@linkcode time} reads them. */
export function writtenTime(milliseconds: number): string {
  return written(milliseconds, MILLISECONDS);
}

/** A number in the largest unit of which it is a multiple. */
function written(number: number, units: Record<string, number>): string {
  const [[name, size]] = Object.entries(units)
    .filter(([, size]) => number % size === 0)
    .sort(([, one], [, other]) => other - one);
  return `${number / size}${name}`;
}

/** A time that must not be zero, as milliseconds. */
export function positiveTime(text: string): number {
  const milliseconds = time(text);
  if (milliseconds === 0) {
    throw new UsageError(`"${text}" is too short: it must be more than 0`);
  }
  return milliseconds;
}

/** Two times, the second longer than the first. */
export interface TimeRange {
  /** Milliseconds. */
  shortest: number;
  /** Milliseconds. */
  longest: number;
}

/** `30s..10m`, as milliseconds. */
export function timeRange(text: string): TimeRange {
  const [from, to, ...rest] = text.split("..");
  if (to === undefined || rest.length > 0) {
    throw new UsageError(`"${text}" is not a range of times: write 30s..10m`);
  }
  const range = { shortest: positiveTime(from), longest: positiveTime(to) };
  if (range.longest > range.shortest) return range;
  throw new UsageError(
    `"${text}" is not a range of times: the second must be longer`,
  );
}

const BYTES: Record<string, number> = {
  "": 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** `64`, `4KiB`, `1MB`, as bytes. */
export function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
  const unit = Object.keys(BYTES).find((name) =>
    name.toLowerCase() === match?.[2].toLowerCase()
  );
  if (match === null || unit === undefined) {
    throw new UsageError(`"${text}" is not a size: write 64, 4KiB or 1MB`);
  }
  const bytes = Number(match[1]) * BYTES[unit];
  if (!Number.isSafeInteger(bytes)) {
    throw new UsageError(
      `"${text}" is not a whole number of bytes that can be counted`,
    );
  }
  return bytes;
}

/** Bytes as {@linkcode size} reads them. */
export function writtenSize(bytes: number): string {
  return written(bytes, BYTES);
}

/** A whole number from 1. */
export function count(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || !Number.isSafeInteger(number)) {
    throw new UsageError(
      `"${text}" is not a count: write a whole number from 1`,
    );
  }
  return number;
}

/** Each thread takes memory for an engine of its own: more than this is a mistake. */
const MOST_WORKERS = 256;

/** A number of threads. */
export function workers(text: string): number {
  const number = count(text);
  if (number > MOST_WORKERS) {
    throw new UsageError(`${number} threads are more than ${MOST_WORKERS}`);
  }
  return number;
}

/** `1000/s` or `1000`, as a number a second; it must be more than 0. */
export function rate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text);
  if (match === null || Number(match[1]) === 0) {
    throw new UsageError(`"${text}" is not a rate: write 1000/s`);
  }
  return Number(match[1]);
}

/** `600/min`, as a number a minute. */
export function frequency(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\/min$/.exec(text);
  if (match === null) {
    throw new UsageError(`"${text}" is not a frequency: write 600/min`);
  }
  return Number(match[1]);
}

/** `50Mbit/s` or `6MB/s`, as bytes a second. */
export function throughput(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(k|m|g|ki|mi|gi)?(bit|b)\/s$/i.exec(text);
  if (match === null) {
    throw new UsageError(
      `"${text}" is not a throughput: write 50Mbit/s or 6MB/s`,
    );
  }
  const [, number, prefix = "", unit] = match;
  if (unit === "b") {
    const as = (unit: string) => `${number}${prefix}${unit}/s`;
    throw new UsageError(
      `"${text}" may be bits or bytes: write ${as("bit")} or ${as("B")}`,
    );
  }
  const scale = Object.keys(BYTES).find((name) =>
    name.toLowerCase() === `${prefix}b`.toLowerCase()
  )!;
  const units = Number(number) * BYTES[scale];
  return unit === "B" ? units : units / 8;
}

/** A throughput that must not be 0. */
export function bandwidth(text: string): number {
  const bytes = throughput(text);
  if (bytes === 0) {
    throw new UsageError(`"${text}" is too little: it must be more than 0`);
  }
  return bytes;
}

/** The sizes of messages: each of a list, or any of a range. */
export type MessageSizes = { each: number[] } | { least: number; most: number };

/** `64`; `64..1472`; `64,512,1472`. */
export function messageSizes(text: string): MessageSizes {
  const ends = text.split("..");
  if (ends.length === 2) {
    const [least, most] = ends.map(size);
    if (least < most) return { least, most };
    throw new UsageError(
      `"${text}" is not a range: write the smaller size first, as in 64..1472`,
    );
  }
  const each = text.split(",").map((one) => {
    if (one !== "") return size(one);
    throw new UsageError(`"${text}" is not a list of sizes: write 64,512,1472`);
  });
  const twice = each.find((one, i) => each.indexOf(one) !== i);
  if (twice !== undefined) {
    throw new UsageError(`"${text}" has ${twice} twice`);
  }
  return { each };
}

/** The smallest and the largest of them. */
export function endsOf(sizes: MessageSizes): { least: number; most: number } {
  return "each" in sizes
    ? { least: Math.min(...sizes.each), most: Math.max(...sizes.each) }
    : sizes;
}

/** What random numbers follow from: 32 bits. */
export function seed(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number >= 2 ** 32) {
    throw new UsageError(
      `"${text}" is not a seed: write a whole number from 0 to ${2 ** 32 - 1}`,
    );
  }
  return number;
}

function portFrom(text: string, lowest: number): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < lowest || port > 65_535) {
    throw new UsageError(
      `"${text}" is not a port: write a number from ${lowest} to 65535`,
    );
  }
  return port;
}

/** A port to bind; 0 takes a free one. */
export function localPort(text: string): number {
  return portFrom(text, 0);
}

/** A port to send to. */
export function remotePort(text: string): number {
  return portFrom(text, 1);
}

/** `discard:27016`: a service, and the port to bind for it. */
export function portService(text: string): PortService {
  const match = /^(echo|discard|chargen):(.*)$/.exec(text);
  if (match === null) {
    throw new UsageError(
      `"${text}" is not SERVICE:PORT: write discard:27016`,
    );
  }
  return { service: match[1] as Service, port: localPort(match[2]) };
}

/** A name or an address, IPv6 with or without brackets; without a port. */
export function hostname(text: string): string {
  const bracketed = /^\[(.*)\]$/.exec(text);
  const host = bracketed ? bracketed[1] : text;
  const isIpv6 = host.includes(":");
  const valid = isIpv6 || bracketed
    ? isIpv6 && isIpAddress(host)
    : /^(?!-)[^\s/\\@[\]]+$/.test(host);
  if (!valid) {
    throw new UsageError(
      `"${text}" is not a host: write a name, 192.0.2.1 or [2001:db8::1]`,
    );
  }
  return host;
}

/** A peer as given on the command line. */
export interface Target {
  /** A name or an address without brackets. */
  hostname: string;
  /** The port, where one was given. */
  port?: number;
}

/** `HOST` or `HOST:PORT`; an IPv6 address with a port needs its brackets. */
export function target(text: string): Target {
  if (isIpAddress(text)) return { hostname: text };
  const match = /^(\[.*\]|[^:/]*):([^:/]*)$/.exec(text);
  if (match === null) return { hostname: hostname(text) };
  return { hostname: hostname(match[1]), port: remotePort(match[2]) };
}

/** `ADDR` or `ADDR:PORT` of this machine, as a source. */
export function localAddress(text: string): LocalAddress {
  const local = target(text);
  if (isIpAddress(local.hostname)) return local;
  throw new UsageError(
    `"${text}" is not an address of this machine: write 192.0.2.1 or [2001:db8::1]:4000`,
  );
}

/** Where metrics are served unless an address is given: for this machine alone. */
const METRICS_HOST = "127.0.0.1";

/** `PORT` or `ADDR:PORT`, to serve metrics on. */
export function metricsAddress(text: string): Required<Target> {
  if (/^\d+$/.test(text)) {
    return { hostname: METRICS_HOST, port: localPort(text) };
  }
  const match = /^(\[.*\]|[^:/]+):([^:/]*)$/.exec(text);
  if (match === null) {
    throw new UsageError(
      `"${text}" is not a port: write 9100, 0.0.0.0:9100 or [::]:9100`,
    );
  }
  return { hostname: hostname(match[1]), port: localPort(match[2]) };
}

/** An address block in CIDR notation. */
export function addressBlock(text: string): string {
  allowList([text]);
  return text;
}

/** One of several words. */
export function oneOf<const Word extends string>(
  ...words: Word[]
): Reader<Word> {
  const read = (text: string) => {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw new UsageError(`"${text}" is not one of ${words.join(", ")}`);
  };
  return Object.assign(read, { words });
}

/** `10%` or `10`, as a number of percent from 0. */
export function percentage(text: string): number {
  const match = /^(\d+(?:\.\d+)?)%?$/.exec(text);
  if (match === null) {
    throw new UsageError(`"${text}" is not a percentage: write 10%`);
  }
  return Number(match[1]);
}

/** `-`, for standard input: the sandbox lets a program read no file. */
export function standardInput(text: string): "-" {
  if (text === "-") return text;
  throw new UsageError(
    `"${text}" cannot be opened, since the sandbox lets the program read no file: ` +
      "write - and give it on standard input (< FILE)",
  );
}
