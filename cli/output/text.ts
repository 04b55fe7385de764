/**
 * Events as text.
 *
 * @module
 */
// @ts-types="./colors.d.ts"
import { bold, dim, green, red, yellow } from "@std/fmt/colors";
import { formatAddress } from "../../net/address.ts";
import type { Printed, ProgramEvent } from "../../events/line.ts";
import type {
  ClientFigures,
  ConnectionClosedEvent,
  DatagramCounts,
  DelaySummary,
  JudgedExpectation,
  Measured,
  Outage,
  OutageSummary,
  PeerAddress,
  Reflections,
  ResultEvent,
  ServerFigures,
  Time,
  Transport,
} from "../../events/mod.ts";
import {
  formatByteRate,
  formatDuration,
  formatExpectation,
  formatLocalTime,
  formatRate,
  formatShare,
  formatSize,
  plural,
  toAscii,
} from "../../text/format.ts";
import { oneLine, printable } from "../../text/printable.ts";
import { loadLines } from "./load_table.ts";

/** How events are written as text. */
export interface TextStyle {
  /** One client, one message or one datagram: the lines of the Winsock example programs. */
  oneShot: boolean;
  /** Each message is printed. */
  detail?: boolean;
  /** The target that it is about, where there are several. */
  target?: string;
  /** Only results and summaries are printed, those of one-shot programs, too. */
  quiet?: boolean;
  /** The program's transport. */
  transport: Transport;
  /** Write with ASCII characters alone. */
  ascii: boolean;
  /** The delays of a result, drawn. */
  chart?: string[];
}

type Writers = {
  [Name in ProgramEvent["event"]]: (
    event: Extract<Printed<ProgramEvent>, { event: Name }>,
    style: TextStyle,
  ) => string[];
};

/** An event as lines of text; none for some events. */
export function textLines(
  event: Printed<ProgramEvent>,
  style: TextStyle,
): string[] {
  const write = WRITERS[event.event] as (
    event: Printed<ProgramEvent>,
    style: TextStyle,
  ) => string[];
  const lines = write(event, style);
  if (style.target !== undefined && lines.length > 0) {
    lines[0] = `${bold(oneLine(style.target))}: ${lines[0]}`;
  }
  return style.ascii ? lines.map(toAscii) : lines;
}

function peer({ peer_host, peer_port }: PeerAddress): string {
  return formatAddress(oneLine(peer_host), peer_port);
}

/** The figures of a run's delays, on two lines. */
const DELAY_FIGURES = [
  ["p50", "p90", "p99", "p99.9"],
  ["min", "mean", "max"],
] as const;

const REJECTED_REASONS = {
  "not-allowed": "not in the allow-list",
  "max-connections": "too many connections",
  "not-unicast": "not the address of one peer",
};

const DROP_REASONS = {
  "too-short": "too short for a test packet",
  "wrong-hmac": "its HMAC is not that of the key",
  "reflection": "it is a reflector's answer",
};

const STRAY_REASONS = {
  "other-address": "not from the peer's address",
  "late": "too late",
  "duplicate": "a duplicate",
  "corrupted": "not what was sent",
  "oversized": "more than the 512 bytes of RFC 864",
};

const WRITERS: Writers = {
  "listening": ({ host, port, service, also = [] }, { transport }) => [
    `Listening on ${bold(formatAddress(host, port))} (${transport}, ${
      [service, ...also.map((each) => `${each.service} on port ${each.port}`)]
        .join(", ")
    })`,
  ],
  "connection-opened": (event, { oneShot }) =>
    oneShot ? [] : [`#${event.connection} ${peer(event)} connected`],
  "connection-closed": (event, { oneShot }) =>
    oneShot && event.reason === "finished"
      ? ["Connection closing..."]
      : [closedLine(event)],
  "rejected": (event) => [
    yellow(
      `Rejected ${peer(event)}: ${REJECTED_REASONS[event.reason]}${
        alsoOmitted(event.omitted)
      }`,
    ),
  ],
  "suppressed": (event) => [
    yellow(
      `Suppressed an answer to ${peer(event)}: it repeats the same datagram${
        alsoOmitted(event.omitted)
      }`,
    ),
  ],
  "dropped": (event) => [
    yellow(
      `Dropped a packet from ${peer(event)}: ${DROP_REASONS[event.reason]}${
        alsoOmitted(event.omitted)
      }`,
    ),
  ],
  "clock-stepped": (event) => [
    yellow(
      `The system's time was set ${event.direction} by ${
        formatDuration(event.step_us)
      }${alsoOmitted(event.omitted)}`,
    ),
  ],
  "datagram": (event, { oneShot }) => {
    const line =
      `${peer(event)}: ${formatSize(event.bytes_received)} received, ` +
      `${formatSize(event.bytes_sent)} sent`;
    return oneShot
      ? [printable(event.data), line]
      : [`${line}: ${printable(event.data)}`];
  },
  // Diagnostics print these, on standard error.
  "fault": () => [],
  "retry": () => [],
  "summary": (event, { oneShot, quiet }) =>
    oneShot && !quiet ? [] : [`Stopped after ${serverFigures(event)}`],
  "connected": (event, { oneShot }) =>
    oneShot ? [] : [
      `Connected to ${bold(peer(event))} in ${
        formatDuration(event.connect_us)
      }`,
    ],
  "chunk-received": (event, { oneShot }) => [
    oneShot
      ? `Bytes received: ${event.bytes}`
      : dim(`#${event.connection} ${formatSize(event.bytes)} received`),
  ],
  "chunk-sent": (event, { oneShot }) => [
    oneShot
      ? `Bytes sent: ${event.bytes}`
      : dim(`#${event.connection} ${formatSize(event.bytes)} sent`),
  ],
  "sent": (event, { oneShot }) => oneShot ? [`Bytes Sent: ${event.bytes}`] : [],
  "received": (event, { oneShot }) => {
    if (!oneShot) {
      const delay = event.rtt_us === undefined
        ? ""
        : ` in ${formatDuration(event.rtt_us)}`;
      return [`${messageName(event)}: ${formatSize(event.bytes)}${delay}`];
    }
    const line = `Bytes received: ${event.bytes}`;
    return event.data === undefined ? [line] : [line, printable(event.data)];
  },
  "lost": (event, { oneShot }) =>
    oneShot ? [] : [
      yellow(
        `${messageName(event)}: no answer for ${
          formatDuration(event.waited_us)
        }`,
      ),
    ],
  "stray": (event) => [
    yellow(
      `${formatSize(event.bytes)} from ${peer(event)}, ${
        STRAY_REASONS[event.reason]
      }`,
    ),
  ],
  "outage-began": (event, { detail }) =>
    detail
      ? [red(`down since ${clock(event.began)}${alsoOmitted(event.omitted)}`)]
      : [],
  "outage-ended": (event, { detail }) =>
    detail || event.outage_us >= NOTABLE
      ? [yellow(`${outageText(event)}${alsoOmitted(event.omitted)}`)]
      : [],
  "disconnected": (event) => [
    yellow(
      `${connectionName(event)}disconnected: ${oneLine(event.detail)}${
        event.messages_lost > 0
          ? `, ${plural(event.messages_lost, "message")} lost`
          : ""
      }`,
    ),
  ],
  "reconnected": (event) => [
    `${connectionName(event)}reconnected to ${peer(event)} after ${
      formatDuration(event.disconnected_us)
    }`,
  ],
  "closed": (_, { oneShot }) => oneShot ? ["Connection closed"] : [],
  "started": () => [],
  "interval": () => [],
  // The live line shows it.
  "load-interval": () => [],
  "progress": (event) =>
    "measured" in event
      ? figureLines(bold("so far"), event, event.measured)
      : [`So far, ${serverFigures(event)}`],
  "result": (event, { quiet, chart }) => {
    if (event.measured !== undefined) {
      return resultLines(event, event.measured, chart ?? []);
    }
    return quiet ? [verdictLine(event)] : [];
  },
  "verdict": ({ targets, passed, failed }) => [
    passed
      ? `${green("passed")}: all ${targets} targets`
      : `${red("failed")}: ${failed.length} of ${targets} targets: ${
        failed.map(oneLine).join(", ")
      }`,
  ],
  // The program itself prints these, on standard error.
  "error": () => [],
};

/** A shorter outage, in microseconds, is told at its end only where each message is. */
const NOTABLE = 1_000_000;

/** `down 22:28:35.2 - 22:28:39.2, 4.0 s`, in local time. */
function outageText({ began, ended, outage_us }: Outage): string {
  return ended === undefined
    ? `down since ${clock(began)}, at least ${formatDuration(outage_us)}`
    : `down ${clock(began)} - ${clock(ended)}, ${formatDuration(outage_us)}`;
}

/** A time of day, with its date where that is not today's. */
function clock(time: Time): string {
  return formatLocalTime(new Date(time), new Date());
}

/** `#3 `, where there are several connections. */
function connectionName({ connection }: { connection?: number }): string {
  return connection === undefined ? "" : `#${connection} `;
}

/** ` (and 12 more before)`, where there were more. */
function alsoOmitted(omitted: number | undefined): string {
  return omitted === undefined ? "" : ` (and ${omitted} more before)`;
}

function closedLine(event: ConnectionClosedEvent): string {
  const reason = event.detail === undefined
    ? event.reason
    : `${event.reason} (${oneLine(event.detail)})`;
  const line = `#${event.connection} ${peer(event)} ${reason}: ` +
    `${formatSize(event.bytes_received)} received, ${
      formatSize(event.bytes_sent)
    } sent, ` +
    `${formatDuration(event.duration_us)}`;
  return event.reason === "finished" ? line : yellow(line);
}

/** `2.00 s: 3 clients, 42 bytes received, …`. */
function serverFigures(event: ServerFigures): string {
  const { connections, datagrams, reflections, rejected, faults } = event;
  const received = formatSize(event.bytes_received);
  const sent = formatSize(event.bytes_sent);
  const counts: string[] = [];
  if (connections !== undefined) {
    const { accepted, failed, idle, cut_off, open } = connections;
    counts.push(plural(accepted, "client"));
    if (open) counts.push(`${open} connected`);
    counts.push(
      `${received} received`,
      `${sent} sent`,
      `${rejected} rejected`,
      `${failed} failed`,
    );
    if (idle > 0) counts.push(`${idle} idle`);
    if (cut_off > 0) counts.push(`${cut_off} cut off`);
  }
  if (datagrams !== undefined) {
    const { suppressed } = datagrams;
    counts.push(
      `${plural(datagrams.received, "datagram")} (${received}) received`,
      `${datagrams.sent} (${sent}) sent`,
      `${rejected} rejected`,
    );
    if (suppressed > 0) counts.push(`${suppressed} suppressed`);
  }
  if (reflections !== undefined) counts.push(...reflectionCounts(reflections));
  if (faults > 0) counts.push(`${plural(faults, "fault")} survived`);
  return `${formatDuration(event.duration_us)}: ${counts.join(", ")}`;
}

/** What a reflector counted, without what never was. */
function reflectionCounts(reflections: Reflections): string[] {
  const { sessions, clock_steps } = reflections;
  const counts: [number, string][] = [
    [reflections.sessions_forgotten, "forgotten"],
    [reflections.short, "from TWAMP Light senders"],
    [reflections.too_short, "too short"],
    [reflections.wrong_hmac, "with a wrong HMAC"],
    [reflections.reflected_already, "reflected already"],
    [reflections.standstills, "times at a standstill"],
    [reflections.estimated, "with an estimated arrival"],
  ];
  return [
    ...sessions > 0 ? [plural(sessions, "session")] : [],
    ...counts.filter(([count]) => count > 0).map(([count, what]) =>
      `${count} ${what}`
    ),
    ...clock_steps > 0 ? [`${plural(clock_steps, "step")} of the clock`] : [],
  ];
}

/** `7`, or `3/7` where there are several connections. */
function messageName(
  { connection, sequence }: { connection?: number; sequence?: number },
): string {
  return connection === undefined
    ? String(sequence)
    : `${connection}/${sequence}`;
}

function resultLines(
  event: ResultEvent,
  measured: Measured,
  chart: string[],
): string[] {
  return [
    ...figureLines(verdictWord(event, measured), event, measured),
    ...chart,
    ...measured.instrument.warnings.map((text) => yellow(`warning: ${text}`)),
    ...(event.expectations ?? []).map(expectationLine),
  ];
}

/** A run's figures: a headline that begins with a word, and a row for each kind. */
function figureLines(
  word: string,
  event: ClientFigures,
  measured: Measured,
): string[] {
  const { datagrams, rtt_us } = event;
  const { late_sends, rtt_from_sending_us, errors } = measured;
  if (measured.under_load !== undefined) {
    return [
      headline(word, event, measured),
      ...loadLines(measured.under_load),
    ];
  }
  const lines = [headline(word, event, measured), ...speedRows(measured)];
  if (datagrams !== undefined) {
    lines.push(...datagramRows(datagrams, event.messages_sent));
  }
  lines.push(...connectionRows(measured, event.messages_sent));
  if (errors > 0) lines.push(row("errors", String(errors)));
  if (rtt_us !== undefined) {
    const name = rtt_from_sending_us ? "from schedule" : "round trip";
    lines.push(...delayRows(name, rtt_us));
  }
  if (rtt_from_sending_us !== undefined) {
    lines.push(...delayRows("from sending", rtt_from_sending_us));
  }
  if (late_sends !== undefined) {
    const share = formatShare(late_sends, event.messages_sent);
    lines.push(row("late sends", `${late_sends} (${share})`));
  }
  if (measured.outages !== undefined) {
    lines.push(...outageRows(measured.outages));
  }
  return lines;
}

/** The names of a result's rows are this wide. */
const NAME_WIDTH = 13;

function row(name: string, text: string): string {
  return `  ${dim(name.padEnd(NAME_WIDTH))} ${text}`;
}

/** Whether a run passed; one way over UDP, that it was sent is all that is known. */
function verdictWord({ passed }: ResultEvent, { arrival }: Measured): string {
  if (!passed) return red("failed");
  return arrival === "unknown" ? yellow("sent") : green("passed");
}

/** `passed: 14 B sent, 14 B back in 1.2 ms`: a run of a single message. */
function verdictLine(event: ResultEvent): string {
  const { passed, bytes_sent, bytes_received, duration_us } = event;
  return `${passed ? green("passed") : red("failed")}: ` +
    `${formatSize(bytes_sent)} sent, ${formatSize(bytes_received)} back in ${
      formatDuration(duration_us)
    }`;
}

/** `passed: 10 sent, 10 back in 2.2 ms`. */
function headline(
  word: string,
  { messages_sent: sent, messages_received, duration_us }: ClientFigures,
  { in_flight, arrival }: Measured,
): string {
  const duration = formatDuration(duration_us);
  if (arrival === "unknown") {
    return `${word}: ${
      plural(sent, "datagram")
    } in ${duration}; whether they arrived is unknown`;
  }
  const parts = sent === 0 ? [] : [`${sent} sent`];
  if (in_flight !== undefined) parts.push(`${messages_received} back`);
  if (in_flight) parts.push(`${in_flight} in flight`);
  const counts = parts.length > 0 ? `${parts.join(", ")} in ` : "";
  return `${word}: ${counts}${duration}`;
}

function speedRows(measured: Measured): string[] {
  const { messages_per_second, in_flight } = measured;
  const { sent_bytes_per_second: sent, received_bytes_per_second: received } =
    measured;
  if (
    messages_per_second === undefined || sent === undefined ||
    received === undefined
  ) {
    return [
      row(
        "speed",
        "unknown: the peer did not confirm that it received everything",
      ),
    ];
  }
  const parts = [];
  if (messages_per_second > 0) {
    parts.push(`${formatRate(messages_per_second)} messages/s`);
  }
  // One way, there is but one direction.
  const isOneWay = in_flight === undefined;
  if (sent > 0 || !isOneWay) parts.push(`${formatByteRate(sent)} out`);
  if (received > 0 || !isOneWay) parts.push(`${formatByteRate(received)} in`);
  return [row("speed", parts.join(", "))];
}

/** What was lost with connections, and what could not be sent. */
function connectionRows(
  { lost, reconnects, unsent }: Measured,
  sent: number,
): string[] {
  const parts = [];
  if (lost !== undefined) {
    parts.push(`${lost} (${formatShare(lost, sent)}) lost`);
  }
  if (unsent !== undefined) parts.push(`${unsent} could not be sent`);
  if (reconnects) parts.push(`${plural(reconnects, "reconnection")}`);
  return parts.length > 0 ? [row("messages", parts.join(", "))] : [];
}

/** How often and how long the path was down; the losses of a single message are counted. */
function outageRows(outages: OutageSummary): string[] {
  const { count, total_us, longest_us, availability_percent, listed } = outages;
  if (count === 0) return [];
  const longer = listed.filter(({ first_sequence, last_sequence }) =>
    first_sequence === undefined || first_sequence !== last_sequence
  );
  const parts = [
    plural(count, "outage"),
    `${formatDuration(total_us)} in all`,
    `the longest ${formatDuration(longest_us)}`,
  ];
  if (availability_percent !== undefined) {
    parts.push(`available ${availability_percent} %`);
  }
  const untold = count - longer.length;
  return [
    row("outages", parts.join(", ")),
    ...longer.map((outage) => row("", outageText(outage))),
    ...longer.length > 0 && untold > 0
      ? [row("", `and ${untold} shorter`)]
      : [],
  ];
}

/** What became of the datagrams sent, without what is unknown. */
function datagramRows(datagrams: DatagramCounts, sent: number): string[] {
  const { strays, jitter_us, reordered } = datagrams;
  const elsewhere = strays > 0 ? [`${strays} from elsewhere`] : [];
  if (datagrams.lost === undefined) {
    return elsewhere.map((text) => row("datagrams", text));
  }
  const share = (number: number | undefined, what: string) =>
    number === undefined
      ? []
      : number === 0
      ? [`0 ${what}`]
      : [`${number} (${formatShare(number, sent)}) ${what}`];
  const late = share(datagrams.late, "late").map((text) =>
    datagrams.late_is_lower_bound ? `at least ${text}` : text
  );
  const order = share(reordered, "reordered").map((text) =>
    reordered ? `${text} by up to ${datagrams.reordering_distance}` : text
  );
  order.push(...elsewhere);
  if (jitter_us !== undefined) {
    order.push(`jitter ${formatDuration(jitter_us)}`);
  }
  return [
    row(
      "datagrams",
      [
        ...share(datagrams.lost, "lost"),
        ...late,
        ...share(datagrams.duplicates, "duplicated"),
        ...share(datagrams.corrupted, "corrupted"),
      ].join(", "),
    ),
    ...order.length > 0 ? [row("", order.join(", "))] : [],
  ];
}

function delayRows(name: string, delays: DelaySummary): string[] {
  return DELAY_FIGURES.map((figures, i) => {
    const texts = figures.flatMap((figure) => {
      const delay = delays[figure];
      return delay === undefined ? [] : [`${figure} ${formatDuration(delay)}`];
    });
    return row(i === 0 ? name : "", texts.join(", "));
  });
}

function expectationLine(expectation: JudgedExpectation): string {
  const { held } = expectation;
  return `expected ${formatExpectation(expectation)}, ${
    held ? green("held") : red("did not hold")
  }`;
}
