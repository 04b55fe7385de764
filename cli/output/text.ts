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
  ClockComparison,
  ConnectionClosedEvent,
  DatagramCounts,
  DelaySummary,
  Directions,
  FlowComparison,
  FlowFigures,
  IdleEnd,
  IdleSurvival,
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
  formatBitRate,
  formatBytes,
  formatConnectFailures,
  formatDuration,
  formatExactDuration,
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
import { sweepTable } from "./sweep_table.ts";

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
  "connected": (event, { oneShot }) => {
    const isAttempt = event.sequence !== undefined;
    const delay = formatDuration(event.connect_us);
    // One of several attempts is told by its number, the only one by its peer.
    if (isAttempt && !oneShot) {
      return [`${messageName(event)}: connected in ${delay}`];
    }
    return isAttempt || !oneShot
      ? [`Connected to ${bold(peer(event))} in ${delay}`]
      : [];
  },
  "connect-failed": (event, { oneShot }) =>
    oneShot ? [] : [
      yellow(
        `${messageName(event)}: ${event.detail} after ${
          formatDuration(event.waited_us)
        }`,
      ),
    ],
  "idle": ({ idle_us, rtt_us, died_by }) => {
    const idle = `idle for ${formatDuration(idle_us)}`;
    return died_by === undefined
      ? [`${idle}: answered in ${formatDuration(rtt_us!)}`]
      : [yellow(`${idle}: ${IDLE_ENDS[died_by]}`)];
  },
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
  "started": (event) => {
    const { service, smallest_size, size, seed } = event;
    if (service === "idle") {
      return [
        `${event.connections} connections stay idle for ${
          formatExactDuration(event.shortest_idle_us!)
        } to ${formatExactDuration(event.longest_idle_us!)}: ` +
        `this takes ${formatDuration(event.at_most_us!)} at most`,
      ];
    }
    return seed === undefined
      ? []
      : [dim(`sizes from ${smallest_size} to ${size} bytes, --seed ${seed}`)];
  },
  "interval": () => [],
  // The live line shows it.
  "load-interval": () => [],
  "progress": (event) =>
    "measured" in event
      ? figureLines(bold("so far"), event, event.measured)
      : [`So far, ${serverFigures(event)}`],
  "result": (event, { quiet, oneShot, chart }) => {
    const { measured, idle, expectations = [] } = event;
    if (idle !== undefined) {
      return [...idleLines(event, idle), ...expectations.map(expectationLine)];
    }
    if (measured !== undefined && !oneShot) {
      const lines = resultLines(event, measured, chart ?? []);
      if (event.size !== undefined) {
        lines[0] = `${bold(formatSize(event.size))}: ${lines[0]}`;
      }
      return lines;
    }
    return [
      ...quiet ? [verdictLine(event)] : [],
      ...expectations.map(expectationLine),
    ];
  },
  "sweep": ({ sizes }) => ["by size", ...sweepTable(sizes)],
  "metrics-listening": ({ host, port }) => [
    `Metrics on ${bold(`http://${formatAddress(host, port)}/metrics`)}`,
  ],
  "waiting": ({ until, wait_us }) => [
    `Waiting until ${bold(formatLocalTime(new Date(until), new Date()))} (${
      formatDuration(wait_us)
    })`,
  ],
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

/** `passed: an idle connection lives for 4 min 41 s, and not for 5 min 0 s`. */
function idleLines(
  event: ResultEvent,
  { survived_us, died_us, died_by, contradictions }: IdleSurvival,
): string[] {
  const word = event.passed ? green("passed") : red("failed");
  const lived = formatDuration(survived_us);
  const lines = [
    died_us === undefined
      ? `${word}: an idle connection lives for ${lived} at least`
      : survived_us === 0
      ? `${word}: an idle connection does not live for ${
        formatDuration(died_us)
      }`
      : `${word}: an idle connection lives for ${lived}, and not for ${
        formatDuration(died_us)
      }`,
  ];
  if (died_by !== undefined) lines.push(row("ends by", IDLE_ENDS[died_by]));
  if (contradictions !== undefined) {
    lines.push(
      yellow(
        `warning: ${
          plural(contradictions, "connection")
        } died though one that was idle for longer answered`,
      ),
    );
  }
  return lines;
}

/** How idle connections end. */
const IDLE_ENDS: Record<IdleEnd, string> = {
  "silence": "no answer: forgotten in silence",
  "reset": "reset",
  "close": "closed by the peer",
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
    ...(event.directions?.notes ?? []).map((text) => yellow(`note: ${text}`)),
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
  if (event.directions !== undefined) {
    lines.push(...directionRows(event.directions, event.messages_sent));
  }
  if (errors > 0) lines.push(row("errors", String(errors)));
  if (rtt_us !== undefined) {
    const name = rtt_from_sending_us
      ? "from schedule"
      : measured.connects
      ? "connecting"
      : "round trip";
    lines.push(...delayRows(name, rtt_us));
  }
  if (rtt_from_sending_us !== undefined) {
    const name = measured.connects ? "connecting" : "from sending";
    lines.push(...delayRows(name, rtt_from_sending_us));
  }
  if (measured.flows !== undefined) lines.push(...flowRows(measured.flows));
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
  const { passed, bytes_sent, bytes_received, duration_us, rtt_us } = event;
  if (event.measured?.connects !== undefined) {
    return rtt_us === undefined
      ? `${passed ? green("passed") : red("failed")}: not connected`
      : `${passed ? green("passed") : red("failed")}: connected in ${
        formatDuration(rtt_us.max)
      }`;
  }
  return `${passed ? green("passed") : red("failed")}: ` +
    `${formatSize(bytes_sent)} sent, ${formatSize(bytes_received)} back in ${
      formatDuration(duration_us)
    }`;
}

/** `passed: 10 sent, 10 back in 2.2 ms`. */
function headline(
  word: string,
  { messages_sent: sent, messages_received, duration_us }: ClientFigures,
  { in_flight, arrival, connects }: Measured,
): string {
  const duration = formatDuration(duration_us);
  if (arrival === "unknown") {
    return `${word}: ${
      plural(sent, "datagram")
    } in ${duration}; whether they arrived is unknown`;
  }
  const parts = connects
    ? [plural(sent, "attempt"), `${messages_received} connected`]
    : sent === 0
    ? []
    : [`${sent} sent`];
  if (in_flight !== undefined && !connects) {
    parts.push(`${messages_received} back`);
  }
  if (in_flight) parts.push(`${in_flight} in flight`);
  const counts = parts.length > 0 ? `${parts.join(", ")} in ` : "";
  return `${word}: ${counts}${duration}`;
}

function speedRows(measured: Measured): string[] {
  const { messages_per_second, in_flight, connects } = measured;
  if (connects !== undefined && messages_per_second !== undefined) {
    return [row("speed", `${formatRate(messages_per_second)} connects/s`)];
  }
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
  const rates = [];
  if (messages_per_second > 0) {
    rates.push(`${formatRate(messages_per_second)} messages/s`);
  }
  // One way, there is but one direction.
  const isOneWay = in_flight === undefined;
  const directions: [bytesPerSecond: number, name: string][] = [
    [sent, "out"],
    [received, "in"],
  ];
  const shown = directions.filter(([rate]) => rate > 0 || !isOneWay);
  const bytes = shown.map(([rate, name]) => `${formatBytes(rate)}/s ${name}`);
  const bits = shown.map(([rate, name]) => `${formatBitRate(rate)} ${name}`);
  return [
    row("speed", [...rates, ...bytes].join(", ")),
    ...bits.length > 0 ? [row("", bits.join(", "))] : [],
  ];
}

/** What was lost with connections, and what could not be sent. */
function connectionRows(
  { lost, connects, reconnects, unsent }: Measured,
  sent: number,
): string[] {
  if (connects !== undefined) {
    return lost === 0 ? [] : [
      row(
        "failed",
        `${lost} (${formatShare(lost!, sent)}): ${
          formatConnectFailures(connects)
        }`,
      ),
    ];
  }
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
    countOf(number, sent, what);
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

/** `3 (1.5 %) lost`; nothing where it is unknown. */
function countOf(
  number: number | undefined,
  sent: number,
  what: string,
): string[] {
  if (number === undefined) return [];
  return number === 0
    ? [`0 ${what}`]
    : [`${number} (${formatShare(number, sent)}) ${what}`];
}

/** The most flows in text. */
const MOST_FLOWS = 8;

/** How many flows fare worse than the rest, and the worst where any do. */
function flowRows({ count, bad, unjudged, each }: FlowComparison): string[] {
  if (bad === undefined) {
    return [row("flows", `${count}, too little sent to compare them`)];
  }
  const few = unjudged === 0 ? "" : `; ${unjudged} sent too little to tell`;
  const summary = `${bad === 0 ? "none" : bad} of ${count} worse than the rest`;
  return [
    row("flows", (bad === 0 ? summary : yellow(summary)) + few),
    ...(bad === 0 ? each.slice(0, 1) : each.slice(0, MOST_FLOWS)).map((flow) =>
      row("", flowText(flow))
    ),
  ];
}

/** `port 40003: 12 (8.3 %) lost, p50 1.2 ms, p99 3.4 ms: worse by loss`. */
function flowText(flow: FlowFigures): string {
  const { local_port, sent, lost, p50_us, p99_us, worse_by } = flow;
  const delays = { p50: p50_us, p99: p99_us };
  const figures = [
    ...countOf(lost, sent, "lost"),
    ...Object.entries(delays).flatMap(([name, delay]) =>
      delay === undefined ? [] : [`${name} ${formatDuration(delay)}`]
    ),
  ];
  const text = `port ${local_port}: ${figures.join(", ")}`;
  return worse_by === undefined
    ? text
    : yellow(`${text}: worse by ${worse_by.join(" and ")}`);
}

/** What happened on each way, and in between, without what is unknown. */
function directionRows(directions: Directions, sent: number): string[] {
  const { reflector_us, lost_unknown, clock } = directions;
  const rows = (["out", "back"] as const).flatMap((way) => {
    const { lost, duplicates, reordered, jitter_us, variation_us, delay_us } =
      directions[way];
    const fate = [
      ...countOf(lost, sent, "lost"),
      ...countOf(duplicates, sent, "duplicated"),
    ];
    const order = [
      ...countOf(reordered, sent, "reordered"),
      ...jitter_us === undefined ? [] : [`jitter ${formatDuration(jitter_us)}`],
    ];
    const texts = [
      fate.join(", "),
      order.join(", "),
      figuresOf("beyond the fastest", "+", variation_us, ["p50", "p99", "max"]),
      figuresOf("delay", "", delay_us, ["min", "p50", "p99", "max"]),
    ].filter((text) => text !== "");
    return texts.map((text, i) => row(i === 0 ? `way ${way}` : "", text));
  });
  if (lost_unknown > 0) {
    rows.push(
      row("either way", countOf(lost_unknown, sent, "lost").join("")),
    );
  }
  const inReflector = figuresOf("", "", reflector_us, ["p50", "p99", "max"]);
  if (inReflector !== "") rows.push(row("reflector", inReflector));
  if (clock !== undefined) rows.push(...clocksRows(clock));
  return rows;
}

/** `beyond the fastest p50 +12 µs, p99 +1.2 ms`; empty where there are none. */
function figuresOf(
  name: string,
  sign: string,
  delays: DelaySummary | undefined,
  figures: readonly ("min" | "p50" | "p99" | "max")[],
): string {
  const texts = figures.flatMap((figure) => {
    const delay = delays?.[figure];
    return delay === undefined
      ? []
      : [`${figure} ${sign}${formatDuration(delay)}`];
  });
  return texts.length === 0 ? "" : `${name} ${texts.join(", ")}`.trim();
}

/** How the clocks compare, and what that means for delays each way. */
function clocksRows(clock: ClockComparison): string[] {
  const { offset_us, bound_us, error_us, absolute } = clock;
  return [
    row(
      "clocks",
      `the reflector's is ${formatDuration(Math.abs(offset_us))} ${
        offset_us < 0 ? "behind" : "ahead"
      }`,
    ),
    row(
      "",
      `± ${formatDuration(bound_us)} (half the fastest round trip) ± ${
        formatDuration(error_us)
      } (their error)`,
    ),
    row(
      "",
      absolute
        ? "said to be synchronized: delays each way to within their error"
        : "delays each way are relative to the fastest",
    ),
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
