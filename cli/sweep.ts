/**
 * Measuring with one size after the other.
 *
 * @module
 */
import type { SweepEvent, SweptSize } from "../events/line.ts";
import type { Failure, ResultEvent } from "../events/mod.ts";
import { plural } from "../text/format.ts";
import { EXIT_CODES, FAILED } from "./exit_codes.ts";
import { RunFailed } from "./program.ts";

/**
 * Runs once for each size, until one is stopped.
 *
 * @param sizes The sizes, in bytes.
 * @param run Runs with one of them.
 * @param print Prints what all came to.
 * @throws {RunFailed} Where any did not pass.
 */
export async function sweep(
  sizes: readonly number[],
  run: (size: number) => Promise<ResultEvent>,
  print: (event: SweepEvent) => void | Promise<void>,
): Promise<void> {
  const done: SweptSize[] = [];
  const failures: { size: number; failure: Failure }[] = [];
  for (const size of sizes) {
    const result = await run(size);
    const { failure } = result;
    done.push(sweptSize(size, result));
    if (failure !== undefined) failures.push({ size, failure });
    if (failure?.code === "stopped") break;
  }
  await print({
    event: "sweep",
    passed: failures.length === 0,
    sizes: done,
  });
  if (failures.length > 0) {
    throw new RunFailed(failureOf(failures, done.length));
  }
}

function sweptSize(size: number, result: ResultEvent): SweptSize {
  const { passed, messages_sent, messages_received, measured } = result;
  const { bytes_sent, bytes_received, rtt_us, datagrams } = result;
  return {
    size,
    passed,
    messages_sent,
    messages_received,
    bytes_sent,
    bytes_received,
    lost: datagrams?.lost ?? measured?.lost,
    messages_per_second: measured?.messages_per_second,
    sent_bytes_per_second: measured?.sent_bytes_per_second,
    received_bytes_per_second: measured?.received_bytes_per_second,
    rtt_us: rtt_us && { ...rtt_us, histogram: undefined },
  };
}

/** Why a sweep failed: where it was stopped, by that; else, by a failed check first. */
function failureOf(
  failures: { size: number; failure: Failure }[],
  sizes: number,
): Failure {
  const { size, failure } =
    failures.find(({ failure: { code } }) => code === "stopped") ??
      failures.find(({ failure: { code } }) => EXIT_CODES[code] === FAILED) ??
      failures[0];
  const others = failures.length > 1
    ? `${failures.length} of ${plural(sizes, "size")} failed, one because: `
    : "";
  return {
    ...failure,
    message: `${others}${plural(size, "byte")}: ${failure.message}`,
  };
}
