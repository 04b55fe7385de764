/**
 * The four roles: their options, and what their help says.
 *
 * @module
 */
import type { Role } from "../events/line.ts";
import type { Transport, UdpService } from "../events/mod.ts";
import { metricsOver } from "../measure/metrics.ts";
import { DEFAULT_BIND_ADDRESS, DEFAULT_TIMEOUT } from "../net/defaults.ts";
import {
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_PORT as TCP_PORT,
  DEFAULT_READ_AHEAD,
} from "../tcp/defaults.ts";
import { DEFAULT_PORT as UDP_PORT, STAMP_PORT } from "../udp/defaults.ts";
import { expectation } from "./command_line/expectation.ts";
import { EXIT_CODE_MEANINGS } from "./exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  list,
  optionalValue,
  type OptionTable,
  type OptionValues,
  value,
} from "./command_line/options.ts";
import {
  addressBlock,
  count,
  hostname,
  localPort,
  oneOf,
  positiveTime,
  rate,
  remotePort,
  size,
  standardInput,
  time,
  writtenSize,
  writtenTime,
} from "./command_line/values.ts";

export type { Role };

/** One of the four programs. */
export interface RoleDefinition<Table extends OptionTable = OptionTable>
  extends CommandDefinition<Table> {
  role: Role;
  /** The transport that it tests or serves. */
  transport: Transport;
}

const COMMON_OPTIONS = {
  "json": flag("Write events as JSON Lines instead of text."),
  "log-level": value({
    placeholder: "LEVEL",
    fallback: "info",
    parse: oneOf("debug", "info", "warning", "error"),
    help: "Diagnostics on standard error: debug, info, warning or error.",
  }),
  "no-color": flag("Plain text; NO_COLOR works too."),
  "help": flag("Show this help.", "h"),
  "version": flag("Show the version.", "V"),
};

/** The values of the options that every role has. */
export type CommonValues = OptionValues<typeof COMMON_OPTIONS>;

const PORTS: Record<Transport, number> = { TCP: TCP_PORT, UDP: UDP_PORT };

const serverOptions = (transport: Transport) => ({
  "host": value({
    placeholder: "ADDR",
    fallback: DEFAULT_BIND_ADDRESS,
    parse: hostname,
    help: "Address to bind; :: for both families where the system allows.",
  }),
  "port": value({
    short: "p",
    placeholder: "PORT",
    fallback: String(PORTS[transport]),
    parse: localPort,
    help: "Port to bind; 0 takes a free one.",
  }),
  "service": value({
    placeholder: "NAME",
    fallback: "echo",
    parse: oneOf("echo", "discard", "chargen"),
    help: "echo (RFC 862), discard (RFC 863) or chargen (RFC 864).",
  }),
  "allow": list({
    placeholder: "CIDR",
    parse: addressBlock,
    help: "Serve only peers inside this address block; may repeat.",
  }),
  "grace": value({
    placeholder: "TIME",
    fallback: writtenTime(DEFAULT_TIMEOUT),
    parse: time,
    help: "When stopped, give clients this long to finish.",
  }),
});

/** What a client can measure against. */
const CLIENT_SERVICES: Record<Transport, UdpService[]> = {
  TCP: ["echo", "discard", "chargen"],
  UDP: ["echo", "discard", "chargen", "stamp"],
};

/** How to measure: the same names and values as the library's options. */
export const measureOptions = (transport: Transport) => ({
  "count": optionalValue({
    short: "c",
    placeholder: "N",
    parse: count,
    help: "Measure: send N messages.",
  }),
  "duration": optionalValue({
    short: "d",
    placeholder: "TIME",
    parse: positiveTime,
    help: "Measure: for this long.",
  }),
  "interval": optionalValue({
    short: "i",
    placeholder: "TIME",
    parse: time,
    help:
      "Measure: time from one message to the next; until Ctrl+C where nothing else ends it.",
  }),
  "rate": optionalValue({
    placeholder: "N",
    parse: rate,
    help:
      "Measure: N messages a second in all, on a fixed schedule (open loop).",
  }),
  "connections": optionalValue({
    placeholder: "N",
    parse: count,
    help: transport === "UDP"
      ? "Measure: from N sockets at once."
      : "Measure: over N connections at once.",
  }),
  "pipeline": optionalValue({
    placeholder: "N",
    parse: count,
    help:
      "Measure: up to N messages in flight on each; one, or with --rate no limit.",
  }),
  "warmup": optionalValue({
    placeholder: "TIME",
    parse: positiveTime,
    help: "Measure: after a warm-up of this length, left out of the result.",
  }),
  "service": optionalValue({
    placeholder: "NAME",
    parse: oneOf<UdpService>(...CLIENT_SERVICES[transport]),
    help: transport === "UDP"
      ? "Measure: against an echo server, one way, to discard or from chargen, or each way by itself, against stamp (RFC 8762)."
      : "Measure: against an echo server, or one way, to discard or from chargen.",
  }),
});

const clientOptions = (transport: Transport) => ({
  "port": value({
    short: "p",
    placeholder: "PORT",
    fallback: String(PORTS[transport]),
    parse: remotePort,
    help: "The peer's port; the same as HOST:PORT.",
  }),
  "ipv4": flag("Use IPv4 only.", "4"),
  "ipv6": flag("Use IPv6 only.", "6"),
  "timeout": value({
    placeholder: "TIME",
    fallback: writtenTime(DEFAULT_TIMEOUT),
    parse: positiveTime,
    help: "How long to wait for an answer.",
  }),
  "message": optionalValue({
    short: "m",
    placeholder: "TEXT",
    mayBeEmpty: true,
    parse: (text) => text,
    help: 'Text to send; "this is a test" unless it measures.',
  }),
  "size": optionalValue({
    placeholder: "SIZE",
    parse: size,
    help: "Send this many bytes of a pattern instead of a text.",
  }),
  ...measureOptions(transport),
  "expect": list({
    placeholder: "CONDITION",
    parse: expectation,
    help:
      `Measure, and exit 1 unless this holds, as 'p99<5ms'; may repeat. Metrics: ${
        metricsOver(transport).join(", ")
      }.`,
  }),
});

/** The values of the options that say how to measure. */
export type MeasuringValues = OptionValues<ReturnType<typeof measureOptions>>;

/** The values of the options that both clients have. */
export type ClientValues =
  & CommonValues
  & OptionValues<ReturnType<typeof clientOptions>>;

/** The TCP server. */
export const TCP_SERVER = {
  role: "tcp-server" as const,
  transport: "TCP" as const,
  purpose: "serves TCP echo: sends back to each client what it sent.",
  positionals: "",
  options: {
    ...serverOptions("TCP"),
    "once": flag(
      "Serve one client, closing the listener once it is accepted; then exit.",
    ),
    "max-connections": value({
      placeholder: "N",
      fallback: String(DEFAULT_MAX_CONNECTIONS),
      parse: count,
      help: "Close further connections at once.",
    }),
    "idle-timeout": optionalValue({
      placeholder: "TIME",
      parse: positiveTime,
      help: "Close a connection on which no byte has moved for this long.",
    }),
    "read-ahead": value({
      placeholder: "SIZE",
      fallback: writtenSize(DEFAULT_READ_AHEAD),
      parse: size,
      help: "How much clients may send, in total, before they read their echo.",
    }),
    ...COMMON_OPTIONS,
  },
  examples: [
    ["", `echo on port ${TCP_PORT} until Ctrl+C`],
    ["--port 0 --json", "a free port, which the first line names"],
    ["--once", "one client, then exit"],
    [
      "--host 127.0.0.1 --allow 127.0.0.0/8 --idle-timeout 1m",
      "this machine only",
    ],
  ],
  exitCodes: EXIT_CODE_MEANINGS,
} satisfies RoleDefinition;

/** The TCP client. */
export const TCP_CLIENT = {
  role: "tcp-client" as const,
  transport: "TCP" as const,
  purpose:
    "tests a TCP path: sends, half-closes, checks every byte of the echo.",
  positionals: "HOST[:PORT]",
  options: {
    ...clientOptions("TCP"),
    "connect-timeout": value({
      placeholder: "TIME",
      fallback: writtenTime(DEFAULT_TIMEOUT),
      parse: positiveTime,
      help: "How long one attempt to connect may take.",
    }),
    "retry-for": value({
      placeholder: "TIME",
      fallback: "0s",
      parse: time,
      help: "Keep trying to connect for this long.",
    }),
    "stdin": flag("Send standard input, write the echo to standard output."),
    ...COMMON_OPTIONS,
  },
  examples: [
    ["localhost", "one message to a server on this machine"],
    [
      `localhost:${TCP_PORT} --message "hello there"`,
      "another text, and the port",
    ],
    [
      "localhost --size 100MB --retry-for 10s",
      "100 MB, once the server is there",
    ],
    ["localhost --count 5 --interval 200ms", "five round trips, measured"],
    [
      "localhost --duration 2s --rate 500 --expect 'p50<100ms'",
      "is it quick enough?",
    ],
  ],
  exitCodes: EXIT_CODE_MEANINGS,
} satisfies RoleDefinition;

/** The UDP server. */
export const UDP_SERVER = {
  role: "udp-server" as const,
  transport: "UDP" as const,
  purpose: "serves UDP echo: sends each datagram back to its sender.",
  positionals: "",
  options: {
    ...serverOptions("UDP"),
    "port": value({
      short: "p",
      placeholder: "PORT",
      fallback: String(UDP_PORT),
      parse: localPort,
      help: `Port to bind; 0 takes a free one; ${STAMP_PORT} for stamp.`,
    }),
    "service": value({
      placeholder: "NAME",
      fallback: "echo",
      parse: oneOf("echo", "discard", "chargen", "stamp"),
      help:
        "echo (RFC 862), discard (RFC 863), chargen (RFC 864) or stamp (RFC 8762).",
    }),
    "stateless": flag(
      "stamp: number answers as what they answer, and keep no sessions.",
    ),
    "clock-synchronized": flag(
      "stamp: say that this machine's clock is synchronized to UTC.",
    ),
    "auth-key-file": optionalValue({
      placeholder: "-",
      parse: standardInput,
      help: "stamp: authenticated, with the key on standard input.",
    }),
    "once": flag("Serve one datagram, then exit."),
    "loop-guard": value({
      placeholder: "on|off",
      fallback: "on",
      parse: oneOf("on", "off"),
      help:
        "Suppress the answer to one of 500 to 1000 equal datagrams, so that no loop lasts.",
    }),
    ...COMMON_OPTIONS,
  },
  examples: [
    ["", `echo on port ${UDP_PORT} until Ctrl+C`],
    ["--port 0 --json", "a free port, which the first line names"],
    ["--once", "one datagram, then exit"],
    [
      "--service stamp",
      "a STAMP reflector, which shows on which way packets are lost",
    ],
  ],
  exitCodes: EXIT_CODE_MEANINGS,
} satisfies RoleDefinition;

/** The UDP client. */
export const UDP_CLIENT = {
  role: "udp-client" as const,
  transport: "UDP" as const,
  purpose: "tests a UDP path: sends a datagram and checks that it comes back.",
  positionals: "HOST[:PORT]",
  options: {
    ...clientOptions("UDP"),
    "source-port": optionalValue({
      placeholder: "PORT",
      parse: remotePort,
      help:
        "Send from this port; with --connections, from it and those that follow.",
    }),
    "retry-for": value({
      placeholder: "TIME",
      fallback: "0s",
      parse: time,
      help:
        "Keep sending the first datagram until it is answered, for this long.",
    }),
    "auth-key-file": optionalValue({
      placeholder: "-",
      parse: standardInput,
      help:
        "With stamp: authenticated mode; the key is read from standard input.",
    }),
    "clock-synchronized": flag(
      "With stamp: this clock is right (NTP, PTP), so that delays each way can be absolute.",
    ),
    ...COMMON_OPTIONS,
  },
  examples: [
    ["localhost", "one datagram to a server on this machine"],
    [
      `localhost:${UDP_PORT} --message "hello there"`,
      "another text, and the port",
    ],
    [
      "localhost --size 65507 --retry-for 10s",
      "the largest, once the server is there",
    ],
    ["localhost --count 5 --interval 200ms", "five round trips, measured"],
    [
      "localhost --duration 2s --rate 500 --expect 'loss<=1%'",
      "does it lose anything?",
    ],
    [
      "localhost --service stamp",
      "on which way is it slow, or loses? (udp-server --service stamp)",
    ],
  ],
  exitCodes: EXIT_CODE_MEANINGS,
} satisfies RoleDefinition;

/** All four. */
export const ROLES: readonly RoleDefinition[] = [
  TCP_SERVER,
  TCP_CLIENT,
  UDP_SERVER,
  UDP_CLIENT,
];
