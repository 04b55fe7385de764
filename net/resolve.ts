/**
 * Resolving host names.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { DEFAULT_TIMEOUT } from "./defaults.ts";
import { describeError, EchosounderError } from "./errors.ts";

/** IPv4 or IPv6. */
export type AddressFamily = 4 | 6;

/** An address of a host. */
export interface HostAddress {
  /** The address as text, without brackets. */
  address: string;
  /** Its family. */
  family: AddressFamily;
}

/** Options of {@linkcode resolveHost}. */
export interface ResolveOptions {
  /** Take addresses of this family only. */
  family?: AddressFamily;
  /** Milliseconds to wait for the resolver. @default {5000} */
  timeout?: number;
  /** Aborts resolving. */
  signal?: AbortSignal;
}

/**
 * All addresses of a host, in the resolver's order of preference (RFC 6724). A literal address resolves to itself.
 *
 * @throws {EchosounderError} `cannot-resolve` when there is none in time,
 * `stopped` when the signal aborts.
 */
export async function resolveHost(
  hostname: string,
  options: ResolveOptions = {},
): Promise<HostAddress[]> {
  const { family, timeout = DEFAULT_TIMEOUT, signal } = options;
  const limit = AbortSignal.timeout(timeout);
  const cancelled = AbortSignal.any(signal ? [limit, signal] : [limit]);
  // The system's resolver cannot be interrupted; its late answer is dropped.
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  const interrupt = () => reject(cancelled.reason);
  if (cancelled.aborted) interrupt();
  cancelled.addEventListener("abort", interrupt, { once: true });
  try {
    const found = lookup(hostname, { all: true, family: family ?? 0 });
    const addresses = await Promise.race([found, interrupted]) as HostAddress[];
    // The resolver returns a literal address whatever family was requested.
    const fitting = addresses.filter((each) =>
      family === undefined || each.family === family
    );
    if (fitting.length === 0) throw new Error("ENODATA");
    return fitting;
  } catch (error) {
    if (signal?.aborted) throw new EchosounderError("stopped", "stopped");
    const reason = limit.aborted
      ? "the resolver did not answer in time"
      : explain(error, family);
    throw new EchosounderError(
      "cannot-resolve",
      `cannot resolve ${hostname}: ${reason}`,
      { cause: error },
    );
  } finally {
    cancelled.removeEventListener("abort", interrupt);
  }
}

function explain(error: unknown, family: AddressFamily | undefined): string {
  const reason = describeError(error);
  if (!/ENOTFOUND|ENODATA/.test(reason)) return reason;
  return `no ${
    family === undefined ? "" : `IPv${family} `
  }address is known for it`;
}
