/**
 * The runs of a report, read from the JSON Lines of clients and servers.
 *
 * @module
 */
import type { ErrorEvent } from "../events/line.ts";
import type {
  IntervalEvent,
  ListeningEvent,
  LoadIntervalEvent,
  PeerAddress,
  ResultEvent,
  StartedEvent,
  SummaryEvent,
  Transport,
} from "../events/mod.ts";

/** The clients. */
export type ClientRole = "tcp-client" | "udp-client";

/** The servers. */
export type ServerRole = "tcp-server" | "udp-server";

/** One run of a client. */
export interface ClientRun {
  /** The file that it was read from, and of several in a file its number. */
  source: string;
  /** Which client. */
  role: ClientRole;
  /** Its transport. */
  transport: Transport;
  /** When the first line of it that was read was written (RFC 3339). */
  time: string;
  /** The peer that it connected to first (TCP). */
  peer?: PeerAddress;
  /** Its settings; absent where the client did not measure. */
  started?: StartedEvent;
  /** Its intervals, without those of the warm-up. */
  intervals: IntervalEvent[];
  /** Under load: the intervals of its phases. */
  loadIntervals: LoadIntervalEvent[];
  /** Its result; absent where it was cut off. */
  result?: ResultEvent;
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
  /** `cut off`: the client was killed, or still runs. */
  text: "passed" | "failed" | "cut off";
  /** Why it is not `passed`. */
  reason?: string;
}

/** Whether a run passed. */
export function verdictOf(run: ClientRun): Verdict {
  const { result, error } = run;
  if (result?.passed) return { text: "passed" };
  const reason = result?.failure?.message ?? error?.message;
  if (reason !== undefined) return { text: "failed", reason };
  if (result !== undefined) return { text: "failed" };
  return { text: "cut off", reason: "it ended without a result" };
}
