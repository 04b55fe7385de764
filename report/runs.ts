/**
 * The runs of a report, read from the JSON Lines of clients and servers.
 *
 * @module
 */
import { formatDuration } from "../text/format.ts";
import type { ErrorEvent } from "../events/line.ts";
import type {
  Count,
  DelaySummary,
  IntervalEvent,
  ListeningEvent,
  LoadIntervalEvent,
  Microseconds,
  OutageSummary,
  PeerAddress,
  ResultEvent,
  StartedEvent,
  SummaryEvent,
  Time,
  Transport,
} from "../events/mod.ts";

/** The clients. */
export type ClientRole = "tcp-client" | "udp-client";

/** The servers. */
export type ServerRole = "tcp-server" | "udp-server";

/** A connection that a TCP client with an interval lost, and made anew. */
export interface Disconnection {
  /** When it was lost. */
  time: Time;
  /** Which, where there are several. */
  connection?: Count;
  /** Why, in words. */
  detail: string;
  /** Messages whose answer had not come. */
  messages_lost: Count;
  /** How long there was none; absent where there was none until the end. */
  disconnected_us?: Microseconds;
}

/** What is left of a run that was cut off. */
export interface Salvaged {
  /** Its round trips, merged from its intervals; absent where these have no histograms. */
  rtt_us?: DelaySummary;
  /**
   * How long after its start the last of these round trips may have ended; absent
   * where they are all that its intervals tell of.
   */
  rtt_until_us?: Microseconds;
  /** Its outages, as its events tell them; absent where it could not see any. */
  outages?: OutageSummary;
}

/** One run of a client against one target. */
export interface ClientRun {
  /** The file that it was read from. */
  file: string;
  /** The file that it was read from, and of several in a file its number. */
  source: string;
  /** Which client. */
  role: ClientRole;
  /** Its transport. */
  transport: Transport;
  /** When the first line of it that was read was written (RFC 3339). */
  time: string;
  /** Its target's label or name, where its client had several targets. */
  target?: string;
  /** The peer that it connected to first (TCP). */
  peer?: PeerAddress;
  /** Its settings; absent where the client did not measure. */
  started?: StartedEvent;
  /** Its intervals, without those of the warm-up. */
  intervals: IntervalEvent[];
  /** Connections that it lost. */
  disconnections: Disconnection[];
  /** Under load: the intervals of its phases. */
  loadIntervals: LoadIntervalEvent[];
  /** Its result; absent where it was cut off. */
  result?: ResultEvent;
  /** What is left of it, where it has no result. */
  salvaged?: Salvaged;
  /** Why it ended without a result; absent where it has one, or was killed. */
  error?: ErrorEvent;
}

/** One run of a server. */
export interface ServerRun {
  /** The file that it was read from, and of several in a file its number. */
  source: string;
  /** Which server. */
  role: ServerRole;
  /** Its transport. */
  transport: Transport;
  /** When the first line of it that was read was written (RFC 3339). */
  time: string;
  /** Where it listened; absent where that line is missing. */
  listening?: ListeningEvent;
  /** Its summary; absent where it was killed, or still runs. */
  summary?: SummaryEvent;
  /** Connections accepted; absent over UDP. */
  connections?: number;
}

/** Something in the input that could not be used. */
export interface Problem {
  /** The file. */
  file: string;
  /** The line, from 1; absent where the whole file is meant. */
  line?: number;
  /** What is wrong with it. */
  message: string;
}

/** All that was read. */
export interface Runs {
  /** The clients' runs, in the order of the files. */
  clients: ClientRun[];
  /** The servers' runs. */
  servers: ServerRun[];
  /** What could not be used. */
  problems: Problem[];
}

/** A run's verdict, and the reason where it did not pass. */
export interface Verdict {
  /**
   * `sent`: whether anything arrived is unknown. `cut off`: the client was killed, or
   * still runs.
   */
  text: "passed" | "failed" | "sent" | "cut off";
  /** Why it is not `passed`. */
  reason?: string;
}

/** Whether a run passed. */
export function verdictOf(run: ClientRun): Verdict {
  const { result, error } = run;
  if (result?.passed) {
    return result.measured?.arrival === "unknown"
      ? { text: "sent", reason: "whether the datagrams arrived is unknown" }
      : { text: "passed" };
  }
  const reason = result?.failure?.message ?? error?.message;
  if (reason !== undefined) return { text: "failed", reason };
  if (result !== undefined) return { text: "failed" };
  const { rtt_us, rtt_until_us } = run.salvaged ?? {};
  const until = rtt_us === undefined || rtt_until_us === undefined
    ? ""
    : `; its delays are those of its first ${formatDuration(rtt_until_us)}`;
  return { text: "cut off", reason: `it ended without a result${until}` };
}
