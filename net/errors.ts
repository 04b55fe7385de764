/**
 * The errors that the library throws, and descriptions of the system's errors.
 *
 * @module
 */
import type { ErrorCode } from "../events/base.ts";
import { formatAddress } from "./address.ts";

/**
 * The error that this library throws.
 *
 * @example Telling a busy port apart from other failures
 * ```ts
 * import { EchosounderError, serveTcp } from "./mod.ts";
 *
 * const first = serveTcp({ hostname: "127.0.0.1", port: 0 });
 * try {
 *   serveTcp({ hostname: "127.0.0.1", port: first.addr.port });
 * } catch (error) {
 *   if (!(error instanceof EchosounderError)) throw error;
 *   console.log(error.code); // "cannot-bind"
 * }
 * await first.shutdown();
 * ```
 */
export class EchosounderError extends Error {
  /** What went wrong, for programs; `message` says it for people. */
  readonly code: ErrorCode;

  /**
   * Creates an error.
   *
   * @param code What went wrong, for programs.
   * @param message What went wrong, for people.
   * @param options The system's own error as `cause`, where there is one.
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EchosounderError";
    this.code = code;
  }
}

const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available on this machine",
  EAFNOSUPPORT: "address family not supported on this machine",
  ECONNABORTED: "connection aborted",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the peer",
  EHOSTUNREACH: "no route to the host",
  EMFILE: "too many open files",
  EMSGSIZE: "message too long",
  ENETUNREACH: "network unreachable",
  ENOTCONN: "connection reset by the peer",
  EPERM: "operation not permitted",
  EPIPE: "the peer closed the connection",
  ETIMEDOUT: "timed out",
};

/** The system's name of an error (`ECONNRESET`), where it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** A description of an error, the same on every system. */
export function describeError(error: unknown): string {
  const known = REASONS[systemCode(error) ?? ""];
  if (known !== undefined) return known;
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/ \(os error \d+\)$/, "");
}

const RESET_CODES = ["ECONNRESET", "ECONNABORTED", "ENOTCONN", "EPIPE"];

/** Whether the peer reset the connection. */
export function isReset(error: unknown): boolean {
  return RESET_CODES.includes(systemCode(error) ?? "");
}

/** The error of a server whose address cannot be bound. */
export function cannotBind(
  hostname: string,
  port: number,
  cause: unknown,
): EchosounderError {
  const address = formatAddress(hostname, port);
  return new EchosounderError(
    "cannot-bind",
    `cannot bind ${address}: ${describeError(cause)}`,
    { cause },
  );
}
