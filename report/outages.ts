/**
 * The outages of a run, as reports list them.
 *
 * @module
 */
import type { Outage, OutageSummary } from "../events/mod.ts";
import { formatDuration } from "../text/format.ts";
import type { TableLine } from "./columns.ts";

/** The outages of a run; `undefined` where it could not see any. */
export function outagesOf(
  { measurements, outages }: TableLine,
): OutageSummary | undefined {
  return measurements?.measured?.outages ?? outages;
}

/** `4.00 s`, `at least 4.00 s`: how long one was. */
export function formatLength({ outage_us, is_lower_bound }: Outage): string {
  if (!is_lower_bound) return formatDuration(outage_us);
  return outage_us === 0 ? "unknown" : `at least ${formatDuration(outage_us)}`;
}

/**
 * The outages of a run that are listed: the longest ones, of more than a single
 * message, whose losses are counted already.
 *
 * @returns These, and what is not listed, in words; `undefined` where nothing is
 *   left out.
 */
export function listedOutages(
  line: TableLine,
): { outages: Outage[]; unlisted?: string } {
  const summary = outagesOf(line);
  if (summary === undefined) return { outages: [] };
  const outages = summary.listed.filter(({ first_sequence, last_sequence }) =>
    first_sequence === undefined || first_sequence !== last_sequence
  );
  const rest = summary.count - outages.length;
  return {
    outages,
    unlisted: rest === 0
      ? undefined
      : `${rest} short ${rest === 1 ? "outage" : "outages"} not listed`,
  };
}
