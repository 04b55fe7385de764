/**
 * One client of the TCP server.
 *
 * @module
 */
import { now } from "../../net/clock.ts";
import { close } from "../../net/close.ts";

/** A client's socket, and what the server keeps about it. */
export class Connection {
  /** Bytes received from the client. */
  received = 0;
  /** Bytes that the client's socket took. */
  sent = 0;
  /** Called where no byte has moved for a while; what that means is the service's matter. */
  onStalled: (() => void) | undefined;
  /** Why the server itself closed it. */
  closedBecause: "idle" | "cut-off" | undefined;
  /** When it was accepted. */
  readonly openedAt: number = now();
  readonly peer: Deno.NetAddr;

  /** Bytes moved, and when that number last changed, as the last watch saw it. */
  #movedBefore = 0;
  #movedAt: number = performance.now();

  constructor(readonly conn: Deno.TcpConn, readonly id: number) {
    this.peer = conn.remoteAddr;
  }

  /** For how many milliseconds no byte has moved, as far as watching tells. */
  idleFor(time: number): number {
    const moved = this.received + this.sent;
    if (moved !== this.#movedBefore) {
      this.#movedBefore = moved;
      this.#movedAt = time;
    }
    return time - this.#movedAt;
  }

  /** Closes it from the server's side, for a reason that the client did not give. */
  closeBecause(reason: "idle" | "cut-off"): void {
    this.closedBecause ??= reason;
    close(this.conn);
  }
}
