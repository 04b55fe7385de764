/**
 * What matters of all runs, in a sentence.
 *
 * @module
 */
import {
  formatDuration,
  formatExpectation,
  formatShare,
  plural,
} from "../text/format.ts";
import { measurementsOf } from "./measurements.ts";
import { namesOf } from "./names.ts";
import { listedOutages } from "./outages.ts";
import {
  type Ends,
  endsOf,
  expectationsOf,
  type PathFigures,
  pathFigures,
  stateOf,
  STATES,
  worstState,
} from "./paths.ts";
import { type ClientRun, verdictOf } from "./runs.ts";

/** A path, or a run that has no labels to be one. */
interface Part extends Partial<Ends> {
  name: string;
  runs: ClientRun[];
  state: PathFigures["state"];
}

/** Further paths that are named, beside the worst one. */
const MOST_NAMED = 3;

/**
 * `4 of 6 paths failed: box3 → box5 loses 3.2 % outward, down twice, 4.00 s at the
 * longest; box2 cannot be reached`: failures first, the worst of them with its
 * reasons. Empty without any runs.
 */
export async function headlineOf(runs: readonly ClientRun[]): Promise<string> {
  if (runs.length === 0) return "";
  const parts = partsOf(runs);
  const noun = parts.every(({ source, target }) => source && target)
    ? "path"
    : "run";
  const failed = parts.filter(({ state }) =>
    state === "failed" || state === "unreachable"
  );
  const count = (number: number, verb: string) =>
    parts.length === 1
      ? `The ${noun} ${verb}`
      : number === parts.length
      ? `All ${plural(number, noun)} ${verb}`
      : `${number} of ${plural(parts.length, noun)} ${verb}`;
  if (failed.length > 0) {
    return `${count(failed.length, "failed")}: ${await reasons(failed)}.`;
  }
  const ended = parts.filter(({ state }) => state === "passed");
  const others = (["cut off", "sent"] as const).flatMap((state) => {
    const { length } = parts.filter((part) => part.state === state);
    if (length === 0) return [];
    return state === "sent"
      ? `of ${length} nobody knows whether anything arrived`
      : `${length} ${length === 1 ? "was" : "were"} cut off`;
  });
  const head = ended.length === 0
    ? plural(parts.length, noun)
    : count(ended.length, "passed");
  const worst = await worstOf(parts);
  const trouble = worst && troublesOf(worst.part, worst.figures);
  const tail = [
    ...others,
    ...trouble ? [subject(worst.part, parts, trouble)] : [],
  ];
  return `${[head, ...tail].join("; ")}.`;
}

/** `box1 → box2 loses 1 %`; an only one needs no name. */
function subject(part: Part, parts: readonly Part[], text: string): string {
  return `${parts.length === 1 ? "it" : part.name} ${text}`;
}

function partsOf(runs: readonly ClientRun[]): Part[] {
  const ends = endsOf(runs);
  const names = namesOf(runs);
  const parts = new Map<string, Part>();
  for (const [i, run] of runs.entries()) {
    const { source, target } = ends.get(run)!;
    const isPath = source !== undefined && target !== undefined;
    const name = isPath ? `${source} → ${target}` : names[i];
    // Two unlabelled runs are never one path, whatever they are called.
    const key = isPath ? `path ${name}` : `run ${i}`;
    const part = parts.get(key) ??
      { name, runs: [], state: "passed", ...isPath ? { source, target } : {} };
    part.runs.push(run);
    parts.set(key, part);
  }
  for (const part of parts.values()) {
    part.state = worstState(part.runs.map(stateOf));
  }
  return [...parts.values()];
}

async function reasons(failed: readonly Part[]): Promise<string> {
  const isDown = ({ state }: Part) => state === "unreachable";
  const measured = failed.filter((part) => !isDown(part));
  const down = namesOfUnreachable(failed.filter(isDown));
  const texts: string[] = [];
  const worst = await worstOf(measured);
  if (worst !== undefined) {
    const { part, figures } = worst;
    const troubles = troublesOf(part, figures);
    const reason = reasonOf(part);
    texts.push(
      troubles !== ""
        ? `${part.name} ${troubles}`
        : reason === undefined
        ? part.name
        : `${part.name}: ${reason}`,
    );
    const others = measured.filter((other) => other !== part)
      .map(({ name }) => name);
    if (others.length > 0) texts.push(`also ${listed(others)}`);
  }
  if (down.length > 0) texts.push(`${listed(down)} cannot be reached`);
  return texts.join("; ");
}

/** Targets that nobody reached, and else the paths themselves. */
function namesOfUnreachable(parts: readonly Part[]): string[] {
  const ofTarget = Map.groupBy(parts, ({ target }) => target);
  return [...ofTarget].flatMap(([target, parts]) =>
    target !== undefined && parts.length > 1
      ? [target]
      : parts.map(({ name }) => name)
  );
}

/** `a, b and c`, `a, b, c and 5 more`. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED);
  const more = names.length - shown.length;
  const last = more > 0 ? `${more} more` : shown.length > 1 ? shown.pop()! : "";
  return last === "" ? shown.join(", ") : `${shown.join(", ")} and ${last}`;
}

/** The one that lost most, was down longest, or comes first; with its figures. */
async function worstOf(
  parts: readonly Part[],
): Promise<{ part: Part; figures: PathFigures["figures"] } | undefined> {
  let worst: { part: Part; figures: PathFigures["figures"] } | undefined;
  const better = (
    one: PathFigures["figures"],
    other: PathFigures["figures"],
  ) => {
    const difference = lossOf(one) - lossOf(other);
    return difference !== 0
      ? difference < 0
      : (one.outage ?? 0) < (other.outage ?? 0);
  };
  for (const part of parts) {
    const { figures } = await pathFigures(part.runs);
    if (worst === undefined || better(worst.figures, figures)) {
      worst = { part, figures };
    }
  }
  return worst;
}

function lossOf({ loss = 0, ...ways }: PathFigures["figures"]): number {
  return Math.max(loss, ways["loss.out"] ?? 0, ways["loss.back"] ?? 0);
}

/** `loses 3.2 % outward, down twice, 4.00 s at the longest`; empty where nothing is wrong. */
function troublesOf(
  { runs }: Part,
  figures: PathFigures["figures"],
): string {
  const { loss } = figures;
  const ways = [
    [figures["loss.out"], "outward"],
    [figures["loss.back"], "on the way back"],
  ] as const;
  const known = ways.flatMap(([share, way]) =>
    share ? `${formatShare(share, 100)} ${way}` : []
  );
  const lost = known.length > 0
    ? [`loses ${known.join(" and ")}`]
    : loss
    ? [`loses ${formatShare(loss, 100)}`]
    : [];
  const outages = runs.flatMap((run) =>
    listedOutages({ measurements: measurementsOf(run), ...run.salvaged })
      .outages
  );
  const longest = formatDuration(
    outages.reduce((most, { outage_us }) => Math.max(most, outage_us), 0),
  );
  const was = lost.length === 0 ? "was " : "";
  const down = outages.length === 0
    ? []
    : outages.length === 1
    ? [`${was}down once, for ${longest}`]
    : [
      `${was}down ${
        outages.length === 2 ? "twice" : `${outages.length} times`
      }, ${longest} at the longest`,
    ];
  const missed = runs.flatMap(expectationsOf)
    .filter(({ held, metric }) => !held && !/^(loss|outage|avail)/.test(metric))
    .map(formatExpectation);
  const texts = [...lost, ...down];
  if (missed.length > 0) texts.push(`misses ${missed[0]}`);
  return texts.join(", ");
}

/** The first reason that one of its runs gives, the worst run's before others'. */
function reasonOf({ runs }: Part): string | undefined {
  return runs.toSorted((one, other) =>
    STATES.indexOf(stateOf(one)) - STATES.indexOf(stateOf(other))
  ).flatMap((run) => verdictOf(run).reason ?? [])[0];
}
