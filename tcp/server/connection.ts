/**
 * One client of the TCP server.
 *
 * @module
 */
import { now } from "../../net/clock.ts";
import { close } from "../../net/close.ts";

/** A client's socket, and its state. */
export class Connection {
  /** Bytes received from the client. */
  received = 0;
  /** Bytes sent to the client. */
  sent = 0;
  /** Called when it has stalled; set by the service. */
  onStalled: (() => void) | undefined;
  /** Why the server closed it. */
  closedBecause: "idle" | "cut-off" | undefined;
  /** When it was accepted. */
  readonly openedAt: number = now();
  readonly peer: Deno.NetAddr;

  /** Bytes sent and received at the last check, and when that number last changed. */
  #movedBefore = 0;
  #movedAt: number = this.openedAt / 1000;
  #isKeptAlive = false;

  constructor(readonly conn: Deno.TcpConn, readonly id: number) {
    this.peer = conn.remoteAddr;
  }

  /** Milliseconds without a byte sent or received, as far as the checks show. */
  idleFor(time: number): number {
    const moved = this.received + this.sent;
    if (moved !== this.#movedBefore) {
      this.#movedBefore = moved;
      this.#movedAt = time;
    }
    return time - this.#movedAt;
  }

  /**
   * Called when no byte has been sent or received for a while. Only such a client
   * needs the system's keep-alive, which tells of a peer whose machine has vanished.
   */
  stalled(): void {
    if (this.closedBecause !== undefined) return;
    if (!this.#isKeptAlive) {
      this.#isKeptAlive = true;
      try {
        this.conn.setKeepAlive(true);
      } catch {
        // It has just ended, of which its service will know.
      }
    }
    this.onStalled?.();
  }

  /** Closes it from the server's side. */
  closeBecause(reason: "idle" | "cut-off"): void {
    this.closedBecause ??= reason;
    close(this.conn);
  }
}
