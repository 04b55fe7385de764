/**
 * The outages of a run, as reports list them.
 *
 * @module
 */
import type { Outage } from "../events/mod.ts";
import type { TableLine } from "./columns.ts";

/**
 * The outages of a run that are listed: the longest ones, of more than a single
 * message, whose losses are counted already.
 *
 * @returns These, and what is not listed, in words; `undefined` where nothing is
 *   left out.
 */
export function listedOutages(
  { measurements }: TableLine,
): { outages: Outage[]; unlisted?: string } {
  const summary = measurements?.measured?.outages;
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
