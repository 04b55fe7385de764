/**
 * The metrics of a server: what it has done so far.
 *
 * @module
 */
import type {
  RejectedEvent,
  ServerFigures,
  TcpServerEvent,
  Transport,
  UdpServerEvent,
} from "../../events/mod.ts";
import { type Family, family, known, type Sample } from "./family.ts";

type Reason = RejectedEvent["reason"];

/** Why a server may reject a peer. */
const REASONS: Record<Transport, readonly Reason[]> = {
  TCP: ["not-allowed", "max-connections"],
  UDP: ["not-allowed", "not-unicast"],
};

/** A server whose metrics are told. */
export class WatchedServer {
  readonly #transport: Transport;
  readonly #maxConnections: number | undefined;
  readonly #rejected = new Map<Reason, number>();
  #figures: (() => ServerFigures | Promise<ServerFigures>) | undefined;
  #isStopping = false;

  /** @param maxConnections The most clients that it serves at once (TCP). */
  constructor(transport: Transport, maxConnections?: number) {
    this.#transport = transport;
    this.#maxConnections = maxConnections;
    for (const reason of REASONS[transport]) this.#rejected.set(reason, 0);
  }

  /** Counts rejections by their reason, which the figures do not tell. */
  observe(event: TcpServerEvent | UdpServerEvent): void {
    if (event.event !== "rejected") return;
    const { reason } = event;
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
  }

  /** The server is bound, and its figures can be read. */
  started(figures: () => ServerFigures | Promise<ServerFigures>): void {
    this.#figures = figures;
  }

  /** The server takes no more clients. */
  stopping(): void {
    this.#isStopping = true;
  }

  /** Whether it takes clients. */
  get isHealthy(): boolean {
    return this.#figures !== undefined && !this.#isStopping;
  }

  /** Reads its metrics. */
  async families(): Promise<Family[]> {
    const figures = await this.#figures?.();
    if (figures === undefined) return [];
    const labels = { transport: this.#transport.toLowerCase() };
    const { connections, datagrams } = figures;
    const one = (
      type: "counter" | "gauge",
      name: string,
      help: string,
      value: number | undefined,
    ) =>
      family(
        type,
        `echosounder_${name}`,
        help,
        [value],
        (value) => known(labels, value),
      );
    const by = (
      key: string,
      name: string,
      help: string,
      values: Partial<Record<string, number>> | undefined,
    ) =>
      family(
        "counter",
        `echosounder_${name}_total`,
        help,
        Object.entries(values ?? {}),
        ([of, value]): Sample[] => known({ ...labels, [key]: of }, value),
      );
    return [
      one(
        "gauge",
        "connections",
        "Connections that are open.",
        connections && (connections.open ?? 0),
      ),
      one(
        "gauge",
        "max_connections",
        "The most connections at once; further ones are rejected.",
        this.#maxConnections,
      ),
      one(
        "counter",
        "connections_accepted_total",
        "Connections accepted.",
        connections?.accepted,
      ),
      by(
        "reason",
        "connections_broken",
        "Connections that did not end in order, by the reason: reset or another error, no byte for too long, the server's end.",
        connections && {
          "failed": connections.failed,
          "idle": connections.idle,
          "cut-off": connections.cut_off,
        },
      ),
      by(
        "direction",
        "datagrams",
        "Datagrams moved, without those rejected, by direction.",
        datagrams && { received: datagrams.received, sent: datagrams.sent },
      ),
      one(
        "counter",
        "suppressed_total",
        "Answers suppressed so that no loop lasts.",
        datagrams?.suppressed,
      ),
      by("direction", "bytes", "Bytes moved, by direction.", {
        received: figures.bytes_received,
        sent: figures.bytes_sent,
      }),
      by(
        "reason",
        "rejected",
        "Connections or datagrams rejected, by the reason.",
        Object.fromEntries(this.#rejected),
      ),
      one(
        "counter",
        "faults_total",
        "Operations that failed: accepting (TCP), sending and receiving (UDP).",
        figures.faults,
      ),
    ];
  }
}
