/**
 * Which runs differ only in the size of their messages.
 *
 * @module
 */
import { settingsWithoutSize } from "./measurements.ts";
import type { ClientRun } from "./runs.ts";

/** A run's place among those that differ from it only in size. */
export interface SweptRun {
  /** The file, and of several sweeps in it the number. */
  sweep: string;
  /** The size of the run's messages, in bytes. */
  size: number;
}

/**
 * Finds sweeps: runs of one file and target, one after the other, with the same
 * settings and different sizes. A size that comes again begins another sweep.
 */
export function sweepsOf(
  runs: readonly ClientRun[],
): Map<ClientRun, SweptRun> {
  const sweeps = [
    ...Map.groupBy(runs.filter(isOfOneSize), (run) =>
      JSON.stringify([
        run.file,
        run.started!.target,
        run.started!.peer_port,
        settingsWithoutSize(run),
      ])).values(),
  ].flatMap(split).filter(({ length }) => length > 1);
  const swept = new Map<ClientRun, SweptRun>();
  for (const ofFile of Map.groupBy(sweeps, ([{ file }]) => file).values()) {
    for (const [i, sweep] of ofFile.entries()) {
      for (const run of sweep) {
        const name = ofFile.length === 1 ? run.file : `${run.file} #${i + 1}`;
        swept.set(run, { sweep: name, size: run.started!.size });
      }
    }
  }
  return swept;
}

function isOfOneSize({ started }: ClientRun): boolean {
  // A logarithmic scale has no place for an empty message.
  return started !== undefined && started.smallest_size === undefined &&
    started.size > 0;
}

function split(runs: readonly ClientRun[]): ClientRun[][] {
  const sweeps: ClientRun[][] = [];
  let sizes = new Set<number>();
  for (const run of runs) {
    const { size } = run.started!;
    if (sweeps.length === 0 || sizes.has(size)) {
      sweeps.push([]);
      sizes = new Set();
    }
    sizes.add(size);
    sweeps[sweeps.length - 1].push(run);
  }
  return sweeps;
}
