/**
 * Events as text.
 *
 * @module
 */
// @ts-types="./colors.d.ts"
import { bold, dim, green, red, yellow } from "@std/fmt/colors";
import { formatAddress } from "../net/address.ts";
import type {
  ConnectionClosedEvent,
  DelaySummary,
  EchosounderEvent,
  Expectation,
  JudgedExpectation,
  PeerAddress,
  ResultEvent,
  TcpSummaryEvent,
  UdpResultEvent,
  UdpSummaryEvent,
} from "../net/events.ts";
import { printable } from "./printable.ts";

/** How events are put into text. */
export interface TextStyle {
  /** The teaching programs' lines: one client, one message or one datagram. */
  teaching: boolean;
  /** `TCP` or `UDP`. */
  transport: string;
}

type Writers = {
  [Name in EchosounderEvent["event"]]: (
    event: Extract<EchosounderEvent, { event: Name }>,
    style: TextStyle,
  ) => string[];
};

/** The lines of text that an event is worth; none for some. */
export function textLines(event: EchosounderEvent, style: TextStyle): string[] {
  const write = WRITERS[event.event] as (
    event: EchosounderEvent,
    style: TextStyle,
  ) => string[];
  return write(event, style);
}

/** `250 µs`, `1.25 ms`, `12.5 s`: three digits are what such a time is good for. */
export function formatDuration(microseconds: number): string {
  const three = (number: number) =>
    number >= 100 ? number.toFixed(0) : number.toPrecision(3);
  if (microseconds < 999.5) return `${three(microseconds)} µs`;
  if (microseconds < 999_500) return `${three(microseconds / 1e3)} ms`;
  return `${three(microseconds / 1e6)} s`;
}

function peer({ peer_host, peer_port }: PeerAddress): string {
  return formatAddress(peer_host, peer_port);
}

/** `1 client`, `2 clients`. */
function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function bytes(number: number): string {
  return counted(number, "byte");
}

/** The figures of a run's delays, from the shortest to the longest. */
const DELAY_FIGURES = [
  "min",
  "mean",
  "p50",
  "p90",
  "p99",
  "p99.9",
  "max",
] as const;

const REJECTED_REASONS = {
  "not-allowed": "not in the allow-list",
  "max-connections": "too many connections",
};

const STRAY_REASONS = {
  "other-address": "not from the address that was asked",
  "late": "too late",
  "duplicate": "a second time",
  "unexpected": "not asked for",
};

const WRITERS: Writers = {
  "listening": ({ host, port, service }, { transport }) => [
    `Listening on ${
      bold(formatAddress(host, port))
    } (${transport}, ${service})`,
  ],
  "connection-opened": (event, { teaching }) =>
    teaching ? [] : [`#${event.connection} ${peer(event)} connected`],
  "connection-closed": (event, { teaching }) =>
    teaching && event.reason === "finished"
      ? ["Connection closing..."]
      : [closedLine(event)],
  "rejected": (event) => [
    yellow(`Rejected ${peer(event)}: ${REJECTED_REASONS[event.reason]}`),
  ],
  "datagram": (event, { teaching }) => {
    const line = `${peer(event)}: ${bytes(event.bytes_received)} received, ` +
      `${event.bytes_sent} sent`;
    return teaching
      ? [printable(event.data), line]
      : [`${line}: ${printable(event.data)}`];
  },
  // Diagnostics tell of these, on standard error.
  "fault": () => [],
  "retry": () => [],
  "summary": (event, { teaching }) => teaching ? [] : [summaryLine(event)],
  "connected": (event, { teaching }) =>
    teaching ? [] : [
      `Connected to ${bold(peer(event))} in ${
        formatDuration(event.connect_us)
      }`,
    ],
  "sent": (event, { teaching }) => {
    if (event.connection !== undefined) {
      return [serverPiece(event.connection, "sent", event.bytes, teaching)];
    }
    return teaching ? [`Bytes Sent: ${event.bytes}`] : [];
  },
  "received": (event, { teaching }) => {
    if (event.connection !== undefined) {
      return [serverPiece(event.connection, "received", event.bytes, teaching)];
    }
    if (!teaching) {
      const delay = event.rtt_us === undefined
        ? ""
        : ` in ${formatDuration(event.rtt_us)}`;
      return [`${event.sequence}: ${bytes(event.bytes)}${delay}`];
    }
    const line = `Bytes received: ${event.bytes}`;
    return event.data === undefined ? [line] : [line, printable(event.data)];
  },
  "lost": (event, { teaching }) =>
    teaching ? [] : [
      yellow(
        `${event.sequence}: no answer for ${formatDuration(event.waited_us)}`,
      ),
    ],
  "stray": (event) => [
    yellow(
      `${bytes(event.bytes)} from ${peer(event)}, ${
        STRAY_REASONS[event.reason]
      }`,
    ),
  ],
  "closed": (_, { teaching }) => teaching ? ["Connection closed"] : [],
  "result": (event, { teaching }) => teaching ? [] : resultLines(event),
  // The program says these on standard error itself.
  "error": () => [],
};

function serverPiece(
  connection: number,
  what: "received" | "sent",
  size: number,
  teaching: boolean,
): string {
  return teaching
    ? `Bytes ${what}: ${size}`
    : dim(`#${connection} ${bytes(size)} ${what}`);
}

function closedLine(event: ConnectionClosedEvent): string {
  const reason = event.detail === undefined
    ? event.reason
    : `${event.reason} (${event.detail})`;
  const line = `#${event.connection} ${peer(event)} ${reason}: ` +
    `${bytes(event.bytes_received)} received, ${event.bytes_sent} sent, ` +
    `${formatDuration(event.duration_us)}`;
  return event.reason === "finished" ? line : yellow(line);
}

function summaryLine(event: TcpSummaryEvent | UdpSummaryEvent): string {
  const counts = "connections" in event
    ? [
      counted(event.connections, "client"),
      `${bytes(event.bytes_received)} received`,
      `${event.bytes_sent} sent`,
      `${event.rejected} rejected`,
      `${event.failed} failed`,
      ...(event.idle > 0 ? [`${event.idle} idle`] : []),
      ...(event.cut_off > 0 ? [`${event.cut_off} cut off`] : []),
    ]
    : [
      `${counted(event.datagrams_received, "datagram")} (${
        bytes(event.bytes_received)
      }) received`,
      `${event.datagrams_sent} (${bytes(event.bytes_sent)}) sent`,
      `${event.rejected} rejected`,
    ];
  if (event.faults > 0) {
    counts.push(`${counted(event.faults, "fault")} survived`);
  }
  return `Stopped after ${formatDuration(event.duration_us)}: ${
    counts.join(", ")
  }`;
}

function resultLines(event: ResultEvent | UdpResultEvent): string[] {
  const counts = [
    `${event.messages_sent} sent`,
    `${event.messages_received} back`,
  ];
  if ("lost" in event) {
    counts.push(`${event.lost} lost`);
    if (event.late > 0) counts.push(`${event.late} late`);
    if (event.duplicates > 0) counts.push(`${event.duplicates} twice`);
    if (event.strays > 0) counts.push(`${event.strays} stray`);
  }
  const verdict = event.passed ? green("passed") : red("failed");
  const lines = [
    `${verdict}: ${counts.join(", ")} in ${formatDuration(event.duration_us)}`,
  ];
  if (event.rtt_us !== undefined) lines.push(delayLine(event.rtt_us));
  lines.push(...(event.expectations ?? []).map(expectationLine));
  return lines;
}

function delayLine(delays: DelaySummary): string {
  const figures = DELAY_FIGURES.flatMap((name) => {
    const delay = delays[name];
    return delay === undefined ? [] : [`${name} ${formatDuration(delay)}`];
  });
  return `round trip: ${figures.join(", ")}`;
}

function expectationLine(expectation: JudgedExpectation): string {
  const { metric, operator, limit, value, unit, held } = expectation;
  const came = value === undefined ? "no such figure" : inUnit(value, unit);
  // The limit is exact: "5 ms", not "5.00 ms".
  const bound = inUnit(limit, unit).replace(/\.0+(?= )|(?<=\.\d+?)0+(?= )/, "");
  const line = `expected ${metric} ${operator} ${bound}: ${came}`;
  return `${line}, ${held ? green("held") : red("did not hold")}`;
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
    case "messages":
      return String(value);
  }
}
