/**
 * Events as the programs write them with `--json`, one a line.
 *
 * @module
 */
import type {
  Base64,
  ClockSteppedEvent,
  Count,
  ErrorCode,
  Microseconds,
  NamedEvent,
  Port,
  PositiveCount,
  Time,
} from "./base.ts";
import type {
  OutageBeganEvent,
  OutageEndedEvent,
  TcpClientEvent,
  UdpClientEvent,
} from "./client.ts";
import type { EchosounderEvent } from "./mod.ts";
import type { Counts, DelaySummary, Failure, Speed } from "./result.ts";
import type {
  DroppedEvent,
  FaultEvent,
  RejectedEvent,
  SuppressedEvent,
  TcpServerEvent,
  UdpServerEvent,
} from "./server.ts";

/** A program ends because of an error. */
export interface ErrorEvent extends NamedEvent<"error"> {
  /** What went wrong, for programs. */
  code: ErrorCode | Failure["code"] | "usage" | "internal";
  /** What went wrong, for people. */
  message: string;
  /** The program's exit code. */
  exit_code: 1 | 2 | 3 | 4 | 130;
  /** The name for people of the target that it is about, where it was given one. */
  label?: string;
  /** A client's own name for people, where it was given one. */
  source_label?: string;
}

/** A program serves metrics from now on. */
export interface MetricsListeningEvent extends NamedEvent<"metrics-listening"> {
  /** The address that was bound. */
  host: string;
  /** The port that was bound. */
  port: Port;
}

/** A client waits for the time at which it is to start (`--start-at`). */
export interface WaitingEvent extends NamedEvent<"waiting"> {
  /** When it will connect and start. */
  until: Time;
  /** How long that is from now, by this machine's clock. */
  wait_us: Microseconds;
}

/** A client is done with its targets, where there are several. */
export interface VerdictEvent extends NamedEvent<"verdict"> {
  /** Whether all passed. */
  passed: boolean;
  /** How many there were. */
  targets: PositiveCount;
  /** The labels or names of those that failed. */
  failed: string[];
}

/** What a run with one of several sizes came to. */
export interface SweptSize extends Counts, Partial<Speed> {
  /** The size of its messages. */
  size: Count;
  /** Whether it passed. */
  passed: boolean;
  /** Messages lost; absent where that cannot be known. */
  lost?: Count;
  /** Round-trip delays, without their histogram; absent where no message was timed. */
  rtt_us?: DelaySummary;
}

/**
 * A client is done with several sizes (`--size 64,512,1472`), one after the other.
 * Each has a `started` and a `result` of its own besides.
 */
export interface SweepEvent extends NamedEvent<"sweep"> {
  /** Whether all passed. */
  passed: boolean;
  /**
   * What each came to, in the order in which they were measured.
   *
   * @minItems 1
   */
  sizes: SweptSize[];
}

/** Everything that a program writes. */
export type ProgramEvent =
  | EchosounderEvent
  | OfEveryProgram
  | OfEveryClient;

/** What every program may write besides what it does as a role. */
type OfEveryProgram = MetricsListeningEvent | ErrorEvent;

/** What both clients may write besides. */
type OfEveryClient = WaitingEvent | SweepEvent | VerdictEvent;

/** What can come in floods: of each kind and reason, one a second is printed. */
export type RateLimitedEvent =
  | RejectedEvent
  | SuppressedEvent
  | DroppedEvent
  | ClockSteppedEvent
  | FaultEvent
  | OutageBeganEvent
  | OutageEndedEvent;

/** What a rate-limited event may have besides. */
export interface Omission {
  /** Events omitted since the last one printed; absent where none were. */
  omitted?: PositiveCount;
}

/** An event as it is printed. */
export type Printed<E> = E extends RateLimitedEvent ? E & Omission : E;

/** What each of the four programs prints. */
export interface EventsOfRole {
  /** What a TCP server prints. */
  "tcp-server": TcpServerEvent | OfEveryProgram;
  /** What a UDP server prints. */
  "udp-server": UdpServerEvent | OfEveryProgram;
  /** What a TCP client prints. */
  "tcp-client": TcpClientEvent | OfEveryClient | OfEveryProgram;
  /** What a UDP client prints. */
  "udp-client": UdpClientEvent | OfEveryClient | OfEveryProgram;
}

/** The four programs. */
export type Role = keyof EventsOfRole;

/** What every line has besides the fields of its event. */
export interface LineHead {
  /** The program that wrote it. */
  role: Role;
  /** When it was written. */
  time: Time;
  /** The version of this format. */
  schema: 2;
  /** The label or name of the target that it is about, where there are several. */
  of_target?: string;
}

/** An event as it is in JSON, where bytes are base64. */
export type Written<E> = E extends unknown ? {
    [Key in keyof E]: E[Key] extends Uint8Array ? Base64
      : E[Key] extends Uint8Array | undefined ? Base64 | undefined
      : E[Key];
  }
  : never;

/** A line, parsed. */
export type EventLine = {
  [R in Role]: Written<Printed<EventsOfRole[R]>> & LineHead & { role: R };
}[Role];
