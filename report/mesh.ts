/**
 * A mesh: every source and every target, and what was measured from each to each.
 *
 * @module
 */
import {
  type Ends,
  endsOf,
  PATH_METRICS,
  type PathFigures,
  pathFigures,
  type PathMetric,
} from "./paths.ts";
import type { ClientRun } from "./runs.ts";

/** What was measured from a source to a target, or from or to several. */
export interface MeshCell extends PathFigures {
  /** The places of its runs among all. */
  runs: number[];
}

/** What was measured by one kind of probe. */
export interface Mesh {
  /** Which: `UDP stamp`, `TCP echo under load`. */
  probe: string;
  /** Where the paths begin, in order. */
  sources: string[];
  /** Where they end, in order. */
  targets: string[];
  /** By source and target; `null` where there is no result. */
  cells: (MeshCell | null)[][];
  /** All paths of each source, merged; `null` where it has none. */
  bySource: (MeshCell | null)[];
  /** All paths to each target, merged. */
  byTarget: (MeshCell | null)[];
  /** The typical figure of a path, the median; absent where none has one. */
  typical: Partial<Record<PathMetric, number>>;
}

/** A run, its ends, and its place among all. */
interface Placed extends Ends {
  run: ClientRun;
  place: number;
}

/**
 * The meshes of runs, one for each kind of probe, where runs of two or more
 * sources are labelled with them.
 */
export async function meshesOf(runs: readonly ClientRun[]): Promise<Mesh[]> {
  const ends = endsOf(runs);
  const placed = runs.flatMap((run, place): Placed[] => {
    const { source, target } = ends.get(run)!;
    return source && target ? [{ run, place, source, target }] : [];
  });
  const sources = inOrder(placed.map(({ source }) => source));
  const targets = inOrder(placed.map(({ target }) => target));
  if (sources.length < 2) return [];
  const meshes = [];
  for (const [probe, ofProbe] of byProbe(placed)) {
    meshes.push(await meshOf(probe, ofProbe, sources, targets));
  }
  return meshes;
}

async function meshOf(
  probe: string,
  placed: readonly Placed[],
  sources: string[],
  targets: string[],
): Promise<Mesh> {
  const cellOf = async (
    part: readonly Placed[] | undefined,
  ): Promise<MeshCell | null> =>
    part === undefined ? null : {
      runs: part.map(({ place }) => place),
      ...await pathFigures(part.map(({ run }) => run)),
    };
  const each = async (
    names: readonly string[],
    parts: Map<string, readonly Placed[]>,
  ) => {
    const cells = [];
    for (const name of names) cells.push(await cellOf(parts.get(name)));
    return cells;
  };
  const ofSource = Map.groupBy(placed, ({ source }) => source);
  const cells = [];
  for (const source of sources) {
    const ofTarget = Map.groupBy(
      ofSource.get(source) ?? [],
      ({ target }) => target,
    );
    cells.push(await each(targets, ofTarget));
  }
  return {
    probe,
    sources,
    targets,
    cells,
    bySource: await each(sources, ofSource),
    byTarget: await each(
      targets,
      Map.groupBy(placed, ({ target }) => target),
    ),
    typical: typicalOf(cells.flat()),
  };
}

function typicalOf(cells: readonly (MeshCell | null)[]): Mesh["typical"] {
  const typical: Mesh["typical"] = {};
  for (const name of PATH_METRICS) {
    const values = cells.flatMap((cell) => cell?.figures[name] ?? [])
      .sort((one, other) => one - other);
    if (values.length > 0) typical[name] = values[values.length >> 1];
  }
  return typical;
}

/**
 * Runs by what they probe with. One that could not even begin belongs to all of
 * its transport.
 */
function byProbe(placed: readonly Placed[]): Map<string, Placed[]> {
  const probes = Map.groupBy(
    placed.filter(({ run }) => run.started !== undefined),
    ({ run }) => probeOf(run),
  );
  for (const each of placed) {
    const { started, transport } = each.run;
    if (started !== undefined) continue;
    const known = [...probes].filter(([name]) => name.startsWith(transport));
    if (known.length === 0) probes.set(transport, [each]);
    for (const [, runs] of known) runs.push(each);
  }
  return probes;
}

function probeOf({ transport, started }: ClientRun): string {
  const load = started?.under_load === undefined ? "" : " under load";
  return `${transport} ${started?.service}${load}`;
}

/** Each name once, `box2` before `box10`. */
function inOrder(names: readonly string[]): string[] {
  const { compare } = new Intl.Collator("en", { numeric: true });
  return [...new Set(names)].sort(compare);
}
