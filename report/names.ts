/**
 * What runs are called.
 *
 * @module
 */
import type { ClientRun } from "./runs.ts";

/** `lab 3 → router`, from the labels that a run has; else `undefined`. */
function labelOf({ started, error, target }: ClientRun): string | undefined {
  const { source_label, label = target } = started ?? error ?? {};
  const labels = [source_label, label];
  return labels.filter((label) => label).join(" → ") || undefined;
}

/**
 * A name for each run: its labels, or where it has none the file that it was read
 * from. Of several with the same labels, each has its file beside them.
 */
export function namesOf(runs: readonly ClientRun[]): string[] {
  const sameLabels = Map.groupBy(runs, labelOf);
  return runs.map((run) => {
    const label = labelOf(run);
    if (label === undefined) return run.source;
    return sameLabels.get(label)!.length === 1
      ? label
      : `${label} (${run.source})`;
  });
}
