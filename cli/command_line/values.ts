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
const LONGEST_TIME = 24 * 24 * 3_600_000;

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

/** `100MB/s`, as bytes a second. */
export function throughput(text: string): number {
  const match = /^([^/]+)\/s$/.exec(text);
  if (match === null || /^[\d.]+$/.test(match[1])) {
    throw new UsageError(`"${text}" is not a throughput: write 100MB/s`);
  }
  return size(match[1]);
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
