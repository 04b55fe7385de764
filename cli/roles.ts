/**
 * The four roles: their options, and what their help says.
 *
 * @module
 */
import type { Role } from "../events/line.ts";
import type { Transport, UdpService } from "../events/mod.ts";
import { metricsOver } from "../measure/metrics.ts";
import { DEFAULT_REPORT_EVERY } from "../measure/run.ts";
import {
  LOAD_CONNECTIONS,
  LONGEST_PHASE,
  PROBE_RATE,
} from "../measure/under_load.ts";
import { DEFAULT_BIND_ADDRESS, DEFAULT_TIMEOUT } from "../net/defaults.ts";
import {
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_PORT as TCP_PORT,
  DEFAULT_READ_AHEAD,
} from "../tcp/defaults.ts";
import { DEFAULT_PORT as UDP_PORT, STAMP_PORT } from "../udp/defaults.ts";
import { SHELLS } from "./command_line/completions.ts";
import { expectation, metricRows } from "./command_line/expectation.ts";
import {
  MEASURED_SIZE,
  ONE_SHOT_MESSAGE,
  ONE_WAY_SIZE,
  PACED_SIZES,
} from "./defaults.ts";
import { EXIT_CODE_MEANINGS } from "./exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  grouped,
  list,
  optionalValue,
  type OptionTable,
  type OptionValues,
  value,
} from "./command_line/options.ts";
import { startTime } from "./command_line/start_time.ts";
import {
  addressBlock,
  bandwidth,
  count,
  hostname,
  localAddress,
  localPort,
  messageSizes,
  metricsAddress,
  oneOf,
  portService,
  positiveTime,
  rate,
  remotePort,
  seed,
  size,
  standardInput,
  time,
  timeRange,
  workers,
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
  ...grouped("Output", {
    "json": flag(
      "Write events as JSON Lines instead of text.",
      undefined,
      "events as JSON Lines",
    ),
    "quiet": flag(
      "Print the result alone: no line for each event, and errors only of the diagnostics, unless --log-level says otherwise.",
      "q",
      "the result alone",
    ),
    "metrics": optionalValue({
      placeholder: "[ADDR:]PORT",
      parse: metricsAddress,
      fallbackText: "none",
      help:
        "Serve metrics for Prometheus on http://ADDR:PORT/metrics, on 127.0.0.1 without ADDR; port 0 takes a free one.",
    }),
    "log-level": value({
      placeholder: "LEVEL",
      fallback: "info",
      parse: oneOf("debug", "info", "warning", "error"),
      help: "Diagnostics on standard error: debug, info, warning or error.",
    }),
    "no-color": flag("Plain text; NO_COLOR works too."),
  }),
  ...grouped("About", {
    "completions": optionalValue({
      placeholder: "SHELL",
      parse: oneOf(...SHELLS),
      help: `Print a script that completes these options: ${
        SHELLS.join(", ")
      }.`,
    }),
    "help": flag("Show this help, or with -h a short one.", "h"),
    "version": flag("Show the version.", "V"),
  }),
};

/** The values of the options that every role has. */
export type CommonValues = OptionValues<typeof COMMON_OPTIONS>;

const PORTS: Record<Transport, number> = { TCP: TCP_PORT, UDP: UDP_PORT };

const serverOptions = (transport: Transport) => ({
  ...grouped("Network", {
    "host": value({
      placeholder: "ADDR",
      fallback: DEFAULT_BIND_ADDRESS,
      parse: hostname,
      help: "Address to bind; :: for both families where the system allows.",
      brief: "address to bind",
    }),
    "port": value({
      short: "p",
      placeholder: "PORT",
      fallback: String(PORTS[transport]),
      parse: localPort,
      help: "Port to bind; 0 takes a free one.",
      brief: "port to bind; 0 takes a free one",
    }),
  }),
  ...grouped("What to serve", {
    "service": value({
      placeholder: "NAME",
      fallback: "echo",
      parse: oneOf("echo", "discard", "chargen"),
      help: "echo (RFC 862), discard (RFC 863) or chargen (RFC 864).",
      brief: "echo, discard or chargen",
    }),
  }),
  ...grouped("Whom to serve", {
    "allow": list({
      placeholder: "CIDR",
      parse: addressBlock,
      help: "Serve only peers inside this address block; may repeat.",
      brief: "serve only these addresses; may repeat",
    }),
  }),
  ...grouped("When to stop", {
    "grace": value({
      placeholder: "TIME",
      fallback: writtenTime(DEFAULT_TIMEOUT),
      parse: time,
      help: "When stopped, give clients this long to finish.",
    }),
  }),
});

/** What a client can measure against. */
const CLIENT_SERVICES: Record<Transport, UdpService[]> = {
  TCP: ["echo", "discard", "chargen"],
  UDP: ["echo", "discard", "chargen", "stamp"],
};

/** How to measure: the same names and values as the library's options. */
export const measureOptions = (transport: Transport) => ({
  ...grouped("When to stop", {
    "count": optionalValue({
      short: "c",
      placeholder: "N",
      parse: count,
      help: "Measure N messages, and stop.",
      brief: "measure N messages",
    }),
    "duration": optionalValue({
      short: "d",
      placeholder: "TIME",
      parse: positiveTime,
      fallbackText: "until Ctrl+C, without --count, too",
      help: "Measure for this long, and stop.",
      brief: "measure for this long, such as 10s",
    }),
  }),
  ...grouped("How to measure", {
    "interval": optionalValue({
      short: "i",
      placeholder: "TIME",
      parse: time,
      fallbackText: "each follows the answer to the one before",
      help: "From one message to the next on a connection; each is printed.",
      brief: "from one message to the next; prints each",
    }),
    "rate": optionalValue({
      placeholder: "N",
      parse: rate,
      fallbackText:
        `as fast as answers come; with --under-load ${PROBE_RATE} probes`,
      help: "N messages a second in all, on a fixed schedule (open loop).",
      brief: "N messages a second, on a fixed schedule",
    }),
    "bandwidth": optionalValue({
      placeholder: "RATE",
      parse: bandwidth,
      fallbackText: "as fast as answers come",
      help:
        "So many bits or bytes of messages a second in all, headers not counted (open loop).",
    }),
    "burst": optionalValue({
      placeholder: "N",
      parse: count,
      fallbackText: "1",
      help:
        "N messages at once at each tick of --interval, --rate or --bandwidth.",
    }),
    "connections": optionalValue({
      placeholder: "N",
      parse: count,
      fallbackText: `1; of bulk traffic ${LOAD_CONNECTIONS}`,
      help: transport === "UDP" ? "N sockets at once." : "N connections.",
      brief: transport === "UDP" ? "N sockets at once" : "N connections",
    }),
    "pipeline": optionalValue({
      placeholder: "N",
      parse: count,
      fallbackText: "1; no limit where a clock sets the pace",
      help: "Up to N messages in flight on each.",
    }),
    "warmup": optionalValue({
      placeholder: "TIME",
      parse: positiveTime,
      fallbackText: "none",
      help: "Begin with a warm-up of this length, left out of the result.",
    }),
    "service": optionalValue({
      placeholder: "NAME",
      parse: oneOf<UdpService>(...CLIENT_SERVICES[transport]),
      fallbackText: "echo",
      help: `There and back (echo), or one way: to discard, or from chargen${
        transport === "UDP" ? "; each way by itself (stamp, RFC 8762)" : ""
      }.`,
      brief: transport === "UDP"
        ? "echo, stamp; one way: discard, chargen"
        : "echo; one way: discard or chargen",
    }),
  }),
});

const clientOptions = (transport: Transport) => ({
  ...grouped("Network", {
    "port": value({
      short: "p",
      placeholder: "PORT",
      fallback: String(PORTS[transport]),
      parse: remotePort,
      help: "The peer's port; the same as HOST:PORT.",
    }),
    "ipv4": flag("Use IPv4 only.", "4"),
    "ipv6": flag("Use IPv6 only.", "6"),
    "bind": optionalValue({
      placeholder: "ADDR",
      parse: localAddress,
      fallbackText: "the system chooses",
      help: "Send from this address, or ADDR:PORT, of this machine.",
    }),
    "timeout": value({
      placeholder: "TIME",
      fallback: writtenTime(DEFAULT_TIMEOUT),
      parse: positiveTime,
      help: "How long to wait for an answer.",
    }),
  }),
  ...grouped("When to start", {
    "start-at": optionalValue({
      placeholder: "TIME",
      parse: (text) => startTime(text),
      fallbackText: "at once",
      help:
        "Connect and start at this time, by this machine's clock: 14:00, 14:00:05 or 2026-12-01T14:00:00Z.",
    }),
  }),
  ...grouped("Network", {
    "targets": optionalValue({
      placeholder: "-",
      parse: oneOf("-"),
      fallbackText: "the arguments",
      help:
        "Read the targets from standard input: one a line, with a label after it.",
    }),
  }),
  ...grouped("What to send", {
    "message": optionalValue({
      short: "m",
      placeholder: "TEXT",
      mayBeEmpty: true,
      parse: (text) => text,
      fallbackText: `"${ONE_SHOT_MESSAGE}"`,
      help: "A text.",
      brief: "a text",
    }),
    "size": optionalValue({
      placeholder: "SIZE",
      parse: messageSizes,
      fallbackText: `${writtenSize(MEASURED_SIZE)} to measure${
        transport === "TCP" ? `, one way ${writtenSize(ONE_WAY_SIZE)}` : ""
      }, with --bandwidth ${writtenSize(PACED_SIZES[transport])}`,
      help:
        "So many bytes of a pattern, in each message; 64..1472 draws a size for each, and 64,512,1472 measures them one after the other.",
      brief: "bytes of a pattern",
    }),
    "seed": optionalValue({
      placeholder: "N",
      parse: seed,
      fallbackText: "a new one, which is printed",
      help: "Draw the same sizes as the run that printed this seed.",
    }),
  }),
  ...measureOptions(transport),
  ...grouped("How to measure", {
    "workers": value({
      placeholder: "N",
      fallback: "1",
      parse: workers,
      help:
        "Divide --connections among N threads: for more load than one processor can make, where there are others to spare.",
    }),
  }),
  ...grouped("Under load", {
    "under-load": flag(
      "Measure delay while the path is full: quiet, then beside bulk traffic out, back and both ways, each until it has settled.",
    ),
    "discard-port": optionalValue({
      placeholder: "PORT",
      parse: remotePort,
      fallbackText: "no bulk out alone",
      help: "The port of a discard server on the host, for bulk out.",
    }),
    "chargen-port": optionalValue({
      placeholder: "PORT",
      parse: remotePort,
      fallbackText: "no bulk back alone",
      help: "The port of a chargen server on the host, for bulk back.",
    }),
    "phase-time": optionalValue({
      placeholder: "TIME",
      parse: positiveTime,
      fallbackText: writtenTime(LONGEST_PHASE),
      help: "The most that a loaded phase may take.",
    }),
  }),
  ...grouped("Output", {
    "label": optionalValue({
      placeholder: "TEXT",
      parse: (text) => text,
      help: "A name for the target, for reports.",
    }),
    "source-label": optionalValue({
      placeholder: "TEXT",
      parse: (text) => text,
      help: "A name for this side, for reports.",
    }),
    "report-every": optionalValue({
      placeholder: "TIME",
      parse: positiveTime,
      fallbackText: writtenTime(DEFAULT_REPORT_EVERY),
      help:
        "From one interval event (--json) to the next; from 10s on, each has its histogram.",
    }),
  }),
  ...grouped("What must hold", {
    "expect": list({
      placeholder: "CONDITION",
      parse: expectation,
      beginnings: metricsOver(transport),
      help:
        'METRIC OP VALUE, such as "p99<5ms", with <, <=, > or >=: exit 1 unless it holds; may repeat.',
      brief: 'such as "p99<5ms": exit 1 unless it holds',
    }),
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
    ...grouped("When to stop", {
      "once": flag(
        "Serve one client, closing the listener once it is accepted; then exit.",
        undefined,
        "serve one client, then exit",
      ),
    }),
    ...grouped("What to serve", {
      "also": list({
        placeholder: "SERVICE:PORT",
        parse: portService,
        help:
          "Serve discard, chargen or echo on another port, too; may repeat.",
        brief: "another service, on another port",
      }),
    }),
    ...grouped("What to serve", {
      "workers": value({
        placeholder: "N",
        fallback: "1",
        parse: workers,
        help:
          "Serve in N threads (Linux): for more clients than one processor can serve, where there are others to spare.",
      }),
    }),
    ...grouped("Whom to serve", {
      "max-connections": value({
        placeholder: "N",
        fallback: String(DEFAULT_MAX_CONNECTIONS),
        parse: count,
        help: "Close further connections at once.",
        brief: "close further connections",
      }),
      "idle-timeout": optionalValue({
        placeholder: "TIME",
        parse: positiveTime,
        fallbackText: "never",
        help: "Close a connection on which no byte has moved for this long.",
        brief: "close connections idle for so long",
      }),
      "read-ahead": value({
        placeholder: "SIZE",
        fallback: writtenSize(DEFAULT_READ_AHEAD),
        parse: size,
        help:
          "How much clients may send, in total, before they read their echo.",
      }),
    }),
    ...COMMON_OPTIONS,
  },
  examples: [
    ["", `echo on port ${TCP_PORT} until Ctrl+C`],
    ["--port 0 --json", "a free port, which the first line names"],
    ["--once", "one client, then exit"],
    [
      "--also discard:27016 --also chargen:27017",
      "all that tcp-client --under-load can use",
    ],
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
  positionals: "HOST[:PORT] ...",
  options: {
    ...clientOptions("TCP"),
    ...grouped("How to measure", {
      "connect-only": flag(
        "Connect to any service and close again, without a byte sent: once, or as the options above say.",
      ),
      "idle": optionalValue({
        placeholder: "RANGE",
        parse: timeRange,
        help:
          "Find out how long an idle connection lives, between two times such as 30s..10m.",
      }),
    }),
    ...grouped("Network", {
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
    }),
    ...grouped("What to send", {
      "stdin": flag("Standard input; the echo goes to standard output."),
    }),
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
      `localhost:${TCP_PORT} --connect-only --count 5`,
      "does the port answer, and how quickly?",
    ],
    [
      'localhost --duration 2s --rate 500 --expect "p50<100ms"',
      "is it quick enough?",
    ],
    [
      "localhost --under-load --phase-time 2s",
      "and how quick, while the path is full?",
    ],
  ],
  metrics: metricRows("TCP"),
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
    ...grouped("Network", {
      "port": value({
        short: "p",
        placeholder: "PORT",
        fallback: String(UDP_PORT),
        parse: localPort,
        help: `Port to bind; 0 takes a free one; ${STAMP_PORT} for stamp.`,
        brief: "port to bind; 0 takes a free one",
      }),
    }),
    ...grouped("When to stop", {
      "once": flag(
        "Serve one datagram, then exit.",
        undefined,
        "serve one datagram, then exit",
      ),
    }),
    ...grouped("What to serve", {
      "service": value({
        placeholder: "NAME",
        fallback: "echo",
        parse: oneOf("echo", "discard", "chargen", "stamp"),
        help:
          "echo (RFC 862), discard (RFC 863), chargen (RFC 864) or stamp (RFC 8762).",
        brief: "echo, discard, chargen or stamp",
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
      "loop-guard": value({
        placeholder: "on|off",
        fallback: "on",
        parse: oneOf("on", "off"),
        help:
          "Suppress the answer to one of 500 to 1000 equal datagrams, so that no loop lasts.",
      }),
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
  positionals: "HOST[:PORT] ...",
  options: {
    ...clientOptions("UDP"),
    ...grouped("Network", {
      "source-port": optionalValue({
        placeholder: "PORT",
        parse: remotePort,
        fallbackText: "the system chooses",
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
    }),
    ...grouped("How to measure", {
      "auth-key-file": optionalValue({
        placeholder: "-",
        parse: standardInput,
        help: "stamp: authenticated, with the key on standard input.",
      }),
      "clock-synchronized": flag(
        "stamp: this clock is right (NTP, PTP), so that delays each way can be absolute.",
      ),
    }),
    ...grouped("Under load", {
      "bulk": optionalValue({
        placeholder: "NAME",
        parse: oneOf("tcp", "udp"),
        fallbackText: "tcp",
        help: "What the bulk traffic travels on: tcp or udp.",
      }),
      "bulk-port": optionalValue({
        placeholder: "PORT",
        parse: remotePort,
        fallbackText: String(TCP_PORT),
        help:
          "tcp: the port of an echo server on the host, for bulk both ways.",
      }),
      "bulk-rate": optionalValue({
        placeholder: "RATE",
        parse: bandwidth,
        help: "udp: how much bulk to send, such as 20Mbit/s.",
      }),
    }),
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
      'localhost --duration 2s --rate 500 --expect "loss<=1%"',
      "does it lose anything?",
    ],
    [
      "localhost --service stamp",
      "on which way is it slow, or loses? (udp-server --service stamp)",
    ],
  ],
  metrics: metricRows("UDP"),
  exitCodes: EXIT_CODE_MEANINGS,
} satisfies RoleDefinition;

/** All four. */
export const ROLES: readonly RoleDefinition[] = [
  TCP_SERVER,
  TCP_CLIENT,
  UDP_SERVER,
  UDP_CLIENT,
];
