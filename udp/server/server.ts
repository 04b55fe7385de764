/**
 * The UDP server: socket, bind, receive, send, close.
 *
 * @module
 */
import { now, since } from "../../net/clock.ts";
import { isUnicast } from "../../net/address.ts";
import { allowList } from "../../net/allow_list.ts";
import { Backoff, pause } from "../../net/backoff.ts";
import { close } from "../../net/close.ts";
import { CHARGEN_CYCLE, CHARGEN_DATAGRAM_LIMIT } from "../../net/chargen.ts";
import { cannotBind, describeError } from "../../net/errors.ts";
import { checkOptions, oneOf, whole } from "../../net/options.ts";
import type {
  DropReason,
  FaultEvent,
  RejectedEvent,
  ServedDatagrams,
  ServerFigures,
  Service,
  UdpServerEvent,
  UdpService,
  UdpSummary,
} from "../../events/mod.ts";
import { DEFAULT_BIND_ADDRESS } from "../../net/defaults.ts";
import { RECEIVE_BUFFER_SIZE } from "../datagram.ts";
import { DEFAULT_PORT, STAMP_PORT } from "../defaults.ts";
import { LoopGuard } from "./loop_guard.ts";
import { BEAT } from "./standstill.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";

export { type ReflectorOptions } from "./reflector.ts";

/** Options of {@linkcode serveUdp}. */
export interface ServeUdpOptions {
  /** The address to bind; `::` binds both families where the system allows. @default {"0.0.0.0"} */
  hostname?: string;
  /** The port to bind; 0 takes a free one. @default {7000, or 862 for `stamp`} */
  port?: number;
  /** What to do with datagrams. @default {"echo"} */
  service?: UdpService;
  /** How to reflect test packets, with the service `stamp`. */
  stamp?: ReflectorOptions;
  /** Serve one datagram, and stop. @default {false} */
  once?: boolean;
  /** Serve only peers inside these address blocks (CIDR); empty means everyone. */
  allow?: readonly string[];
  /**
   * End loops, in which another server answers the answers: of equal datagrams that
   * keep coming from the same peer, the answer to one of 500 to 1000 is suppressed.
   * Turn it off only where nobody can forge a sender.
   * @default {true}
   */
  loopGuard?: boolean;
  /** Emit an event for every datagram, too. @default {false} */
  detail?: boolean;
  /** Aborting it closes the server at once. */
  signal?: AbortSignal;
  /** Called for each event. */
  onEvent?: (event: UdpServerEvent) => void;
}

/** The answer to a datagram; `undefined` for none, or why it is dropped. */
type Answer = Uint8Array | undefined | DropReason;

/** Makes the answer to a datagram. */
type Answerer = (datagram: Uint8Array, peer: Deno.NetAddr) => Answer;

const UDP_SERVICES: Record<Service, Answerer> = {
  echo: (datagram) => datagram,
  discard: () => undefined,
  // A random number of characters from 0 to 512 (RFC 864).
  chargen: () =>
    CHARGEN_CYCLE.subarray(
      0,
      Math.floor(Math.random() * (CHARGEN_DATAGRAM_LIMIT + 1)),
    ),
};

/** How far a server is, for what runs once for each datagram. */
interface Progress {
  datagramsReceived: number;
  datagramsSent: number;
  bytesReceived: number;
  bytesSent: number;
  /** An answer is being sent: closing now would lose it. */
  isSending: boolean;
  /** It is being stopped: the same as the signal says, at less cost. */
  isStopping: boolean;
}

/** A running UDP server: see {@linkcode serveUdp}. */
export class UdpServer implements AsyncDisposable {
  /** The address that was bound. */
  readonly addr: Deno.NetAddr;
  /** Resolves with the summary when the server has stopped. */
  readonly finished: Promise<UdpSummary>;

  readonly #options: ServeUdpOptions;
  readonly #socket: Deno.DatagramConn;
  readonly #allowed: (hostname: string) => boolean;
  readonly #stopping: AbortController = new AbortController();
  readonly #startedAt: number = now();
  /** Whether datagrams are answered at all. */
  readonly #answers: boolean;
  readonly #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(
    RECEIVE_BUFFER_SIZE,
  );
  readonly #reflector: Reflector | undefined;
  /** What each datagram changes. */
  readonly #progress: Progress = {
    datagramsReceived: 0,
    datagramsSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    isSending: false,
    isStopping: false,
  };
  #rejected = 0;
  #suppressed = 0;
  #faults = 0;

  /** Binds; see {@linkcode serveUdp}. */
  constructor(options: ServeUdpOptions = {}) {
    const { hostname = DEFAULT_BIND_ADDRESS, service = "echo", signal } =
      options;
    const { port = service === "stamp" ? STAMP_PORT : DEFAULT_PORT } = options;
    checkOptions(options, {
      port: whole(0, 65_535),
      service: oneOf(...Object.keys(UDP_SERVICES), "stamp"),
    });
    checkOptions(options.stamp ?? {}, { maxSessions: whole(1) });
    this.#options = options;
    this.#allowed = allowList(options.allow ?? []);
    this.#answers = service !== "discard";
    if (service === "stamp") {
      this.#reflector = new Reflector(
        this.#buffer,
        options.stamp ?? {},
        this.#onClockStep,
      );
    }
    signal?.throwIfAborted();
    try {
      this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port });
    } catch (error) {
      throw cannotBind(hostname, port, error);
    }
    this.addr = this.#socket.addr as Deno.NetAddr;
    this.#emit({
      event: "listening",
      host: this.addr.hostname,
      port: this.addr.port,
      service,
    });
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.finished = this.#run();
  }

  /** Stops receiving; resolves when the answer being sent, if any, is out. */
  async shutdown(): Promise<void> {
    this.#stop();
    if (!this.#progress.isSending) close(this.#socket);
    await this.finished;
  }

  /** The same as {@linkcode UdpServer.shutdown}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #emit(event: UdpServerEvent): void {
    this.#options.onEvent?.(event);
  }

  readonly #abort = (): void => {
    this.#stop();
    close(this.#socket);
  };

  #stop(): void {
    this.#progress.isStopping = true;
    this.#stopping.abort();
  }

  async #run(): Promise<UdpSummary> {
    const beat = this.#reflector &&
      setInterval(() => this.#reflector!.beat(), BEAT);
    await this.#serveAll();
    clearInterval(beat);
    close(this.#socket);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    const summary: UdpSummary = { event: "summary", ...this.figures() };
    this.#emit(summary);
    return summary;
  }

  /** What it has done so far. */
  figures(): ServerFigures & { datagrams: ServedDatagrams } {
    const { datagramsReceived, datagramsSent, bytesReceived, bytesSent } =
      this.#progress;
    return {
      bytes_received: bytesReceived,
      bytes_sent: bytesSent,
      rejected: this.#rejected,
      faults: this.#faults,
      duration_us: since(this.#startedAt),
      datagrams: {
        received: datagramsReceived,
        sent: datagramsSent,
        suppressed: this.#suppressed,
      },
      reflections: this.#reflector?.counts,
    };
  }

  /**
   * Serves one datagram after the other, until it is stopped.
   *
   * Hot: this runs once for each datagram. One buffer serves them all, since the
   * next one is received when the answer to this one is sent. Callbacks instead of
   * `await` save promises and turns of the microtask queue; they are made once.
   * What outlives a call is stored only where it is asked for: each new object
   * stored in an old one costs the garbage collector.
   */
  #serveAll(): Promise<void> {
    const { service = "echo", loopGuard = true, once, detail } = this.#options;
    const reflector = this.#reflector;
    const answerTo: Answerer = service === "stamp"
      ? ({ length }, { hostname, port }) =>
        reflector!.reflect(hostname, port, length)
      : UDP_SERVICES[service];
    const socket = this.#socket;
    const buffer = this.#buffer;
    const answers = this.#answers;
    const guard = loopGuard && answers ? new LoopGuard(buffer) : undefined;
    const backoff = new Backoff(1, 1000);
    const progress = this.#progress;
    // Many datagrams of one peer come in a row: what is known of it is kept.
    let host = "";
    let hostRejection: RejectedEvent["reason"] | undefined;
    /** The current datagram and its peer, for events. */
    let current: [Uint8Array, Deno.Addr];
    return new Promise((resolve) => {
      const receive = () => {
        if (progress.isStopping) return resolve();
        socket.receive(buffer).then(onReceived, onReceiveFailed);
      };
      const onReceived = (received: [Uint8Array, Deno.Addr]) => {
        // The socket is closed: no answer can be sent any more.
        if (progress.isStopping) return resolve();
        const datagram = received[0];
        const peer = received[1] as Deno.NetAddr;
        if (detail) current = received;
        if (peer.hostname !== host) {
          host = peer.hostname;
          hostRejection = this.#rejectionOf(host);
        }
        if (hostRejection !== undefined || peer.port === 0 && answers) {
          this.#reject(peer, hostRejection ?? "not-unicast");
          return receive();
        }
        progress.datagramsReceived++;
        progress.bytesReceived += datagram.length;
        if (guard?.admits(host, peer.port, datagram.length) === false) {
          this.#suppress(peer);
          return done(0);
        }
        const answer = answerTo(datagram, peer);
        if (answer === undefined) return done(0);
        if (typeof answer === "string") {
          this.#drop(peer, answer);
          if (detail) this.#emitDatagram(current, 0);
          return receive();
        }
        progress.isSending = true;
        socket.send(answer, peer).then(onSent, onSendFailed);
      };
      const onSent = (sent: number) => {
        progress.isSending = false;
        progress.datagramsSent++;
        progress.bytesSent += sent;
        done(sent);
      };
      const onSendFailed = (error: unknown) => {
        progress.isSending = false;
        this.#fault("send", error);
        done(0);
      };
      const done = (sent: number) => {
        if (detail) this.#emitDatagram(current, sent);
        if (once) resolve();
        else receive();
      };
      const onReceiveFailed = async (error: unknown) => {
        if (progress.isStopping) return resolve();
        // Windows reports here that an earlier answer reached a closed port.
        const retry = backoff.next();
        this.#fault("receive", error, retry);
        await pause(retry, this.#stopping.signal);
        socket.receive(buffer).then((received) => {
          backoff.reset();
          onReceived(received);
        }, onReceiveFailed);
      };
      receive();
    });
  }

  /** Why the datagrams of an address are rejected; `undefined` where it is served. */
  #rejectionOf(hostname: string): RejectedEvent["reason"] | undefined {
    if (!this.#allowed(hostname)) return "not-allowed";
    if (this.#answers && !isUnicast(hostname)) return "not-unicast";
  }

  #reject(peer: Deno.NetAddr, reason: RejectedEvent["reason"]): void {
    this.#rejected++;
    this.#emit({
      event: "rejected",
      peer_host: peer.hostname,
      peer_port: peer.port,
      reason,
    });
  }

  #suppress(peer: Deno.NetAddr): void {
    this.#suppressed++;
    this.#emit({
      event: "suppressed",
      peer_host: peer.hostname,
      peer_port: peer.port,
    });
  }

  #drop(peer: Deno.NetAddr, reason: DropReason): void {
    this.#emit({
      event: "dropped",
      peer_host: peer.hostname,
      peer_port: peer.port,
      reason,
    });
  }

  readonly #onClockStep = (microseconds: number): void => {
    this.#emit({
      event: "clock-stepped",
      step_us: Math.round(Math.abs(microseconds)),
      direction: microseconds < 0 ? "backwards" : "forwards",
    });
  };

  #emitDatagram(
    [datagram, from]: [Uint8Array, Deno.Addr],
    sent: number,
  ): void {
    const peer = from as Deno.NetAddr;
    this.#emit({
      event: "datagram",
      peer_host: peer.hostname,
      peer_port: peer.port,
      bytes_received: datagram.length,
      bytes_sent: sent,
      data: datagram.slice(),
    });
  }

  #fault(
    operation: FaultEvent["operation"],
    error: unknown,
    retry?: number,
  ): void {
    this.#faults++;
    this.#emit({
      event: "fault",
      operation,
      detail: describeError(error),
      retry_us: retry && retry * 1000,
    });
  }
}

/**
 * Serves UDP datagrams: by default, each goes back to its sender as it came
 * (RFC 862), from 0 bytes to the largest there is.
 *
 * It follows the shape of `Deno.serve`: it is bound when the call returns,
 * `addr` is what was bound, `shutdown()` stops it in order, and aborting
 * `signal` at once. Failing to send or to receive a datagram never ends it.
 *
 * With the service `stamp` it is a Session-Reflector (RFC 8762): it answers test
 * packets with its own timestamps and number (`stamp`, {@linkcode ReflectorOptions}).
 *
 * It does not answer a sender that is not a single peer (multicast, broadcast,
 * port 0). Of equal datagrams that keep coming from the same peer, the answer to
 * one of 500 to 1000 is suppressed, so that no loop with another server lasts
 * (`loopGuard`, `udp/server/loop_guard.ts`).
 *
 * @throws {EchosounderError} `cannot-bind` when the address cannot be bound,
 * `invalid-option` for a wrong value or address block.
 *
 * @example
 * ```ts
 * import { echoUdp, serveUdp } from "./mod.ts";
 *
 * await using server = serveUdp({ hostname: "127.0.0.1", port: 0 });
 * const result = await echoUdp({
 *   hostname: server.addr.hostname,
 *   port: server.addr.port,
 *   payload: new TextEncoder().encode("this is a test"),
 * });
 * console.log(result.passed); // true
 * ```
 */
export function serveUdp(options: ServeUdpOptions = {}): UdpServer {
  return new UdpServer(options);
}
