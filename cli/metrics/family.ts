/**
 * Metrics as Prometheus knows them: families of series that share a name.
 *
 * @module
 */

/** What tells the series of a family apart. */
export type Labels = Readonly<Record<string, string>>;

/** The labels of a series that has none, or none besides those it shares. */
export const NO_LABELS: Labels = {};

/** The value of a series. */
export interface Sample {
  /**
   * What tells it apart from its family's others. It is written once where each
   * scrape has the same object.
   */
  labels: Labels;
  /** More of that, of which several series have the same object: it is written once. */
  shared?: Labels;
  /** A finite number. */
  value: number;
  /** `_bucket`, `_sum` or `_count`: the part of a histogram that it is. */
  part?: string;
}

/** Series that share a name. */
export interface Family {
  /** Its name, in Prometheus' conventions: counters end in `_total`. */
  name: string;
  /** What it counts or measures. */
  help: string;
  /** Counters and histograms never fall while the process lives. */
  type: "counter" | "gauge" | "histogram";
  /** Its series; none of what cannot be known. */
  samples: Sample[];
}

/** A family of one kind of figure, read from each of several things. */
export function family<T>(
  type: Family["type"],
  name: string,
  help: string,
  things: readonly T[],
  read: (thing: T) => Sample[],
): Family {
  return { name, help, type, samples: things.flatMap(read) };
}

/** A sample, or none where its value cannot be known. */
export function known(
  labels: Labels,
  value: number | undefined,
  shared?: Labels,
): Sample[] {
  return value === undefined ? [] : [{ labels, value, shared }];
}
