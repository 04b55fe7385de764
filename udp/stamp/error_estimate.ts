/**
 * The error estimate of a timestamp (RFC 4656, section 4.1.2, with the Z bit of
 * RFC 8186, section 2.3):
 *
 *     S | Z | scale (6 bits) | multiplier (8 bits)
 *
 * The error is multiplier * 2^(scale - 32) seconds.
 *
 * @module
 */
import type { TimestampFormat } from "./timestamp.ts";

/** How good a timestamp is. */
export interface ErrorEstimate {
  /** Whether its clock is said to be synchronized to UTC (S). */
  synchronized: boolean;
  /** The format of the timestamps beside it (Z). */
  format: TimestampFormat;
  /** From 0 to 63. */
  scale: number;
  /** From 1 to 255; 0 is not allowed, though some senders write it. */
  multiplier: number;
}

const S = 0x8000;
const Z = 0x4000;

/** Whether an error estimate as 16 bits says PTPv2. */
export function saysPtp(bits: number): boolean {
  return (bits & Z) !== 0;
}

/** An error estimate as 16 bits. */
export function encodeErrorEstimate(estimate: ErrorEstimate): number {
  return (estimate.synchronized ? S : 0) |
    (estimate.format === "PTPv2" ? Z : 0) |
    (estimate.scale & 0x3f) << 8 |
    estimate.multiplier & 0xff;
}

/** An error estimate from its 16 bits. */
export function decodeErrorEstimate(bits: number): ErrorEstimate {
  return {
    synchronized: (bits & S) !== 0,
    format: saysPtp(bits) ? "PTPv2" : "NTP",
    scale: bits >> 8 & 0x3f,
    multiplier: bits & 0xff,
  };
}

/** The error that an estimate stands for, in microseconds. */
export function errorOf({ scale, multiplier }: ErrorEstimate): number {
  return multiplier * 2 ** (scale - 32) * 1_000_000;
}

/**
 * The smallest estimate that is not below an error.
 *
 * @param error In microseconds; what is above the largest there is becomes that.
 */
export function estimateOf(
  error: number,
  { synchronized, format }: Pick<ErrorEstimate, "synchronized" | "format">,
): ErrorEstimate {
  const units = error / 1_000_000 * 2 ** 32;
  let scale = 0;
  while (units > 255 * 2 ** scale && scale < 63) scale++;
  const multiplier = Math.min(255, Math.max(1, Math.ceil(units / 2 ** scale)));
  return { synchronized, format, scale, multiplier };
}
