/**
 * Whether figures of two groups of runs differ by more than chance.
 *
 * The unit is the run, not the message: messages that follow each other meet the same
 * queues (Bolot: End-to-end packet delay and loss behavior in the Internet, SIGCOMM
 * 1993), and runs differ from one to the next by more than their messages tell
 * (Georges, Buytaert, Eeckhout: Statistically rigorous Java performance evaluation,
 * OOPSLA 2007).
 *
 * Each figure is judged by the sum of its ranks in one group, which is the test of
 * Wilcoxon (1945), and of Mann and Whitney (1947), two-sided. Its distribution is
 * that over all ways to part the same runs into groups of these sizes, and so is
 * exact, also with ties. Several figures of the same runs are several chances to be
 * wrong: p values are adjusted by the smallest p of all figures in each parting
 * (Westfall and Young, Resampling-Based Multiple Testing, 1993, single-step minP).
 * That takes figures which go together, such as p90 and p99, for as many as they
 * are worth.
 *
 * @module
 */

/** A figure in each run of two groups. */
export type Samples = readonly [
  before: readonly number[],
  after: readonly number[],
];

/** What a test of several figures finds. */
export interface Significance {
  /**
   * For each figure, the probability that any of them differs as clearly as this
   * one where nothing but chance parts the groups.
   */
  p: number[];
  /** The smallest p that these runs could have given. */
  least: number;
}

/** The most partings that are counted one by one; of more, as many are drawn. */
const MOST_PARTINGS = 20_000;

/**
 * Tests figures of the same runs together.
 *
 * @param figures Each figure in each run; of every figure, the same runs in order.
 */
export function testFigures(figures: readonly Samples[]): Significance {
  if (figures.length === 0) return { p: [], least: 1 };
  const [{ length: size }, { length: others }] = figures[0];
  const ranks = figures.map(([before, after]) =>
    centredRanks([...before, ...after])
  );
  const distances: number[][] = figures.map(() => []);
  for (const group of partings(size + others, size)) {
    for (const [i, ofFigure] of ranks.entries()) {
      // Ranks are halves of whole numbers, so their sums are exact.
      let sum = 0;
      for (const index of group) sum += ofFigure[index];
      distances[i].push(Math.abs(sum));
    }
  }
  const tails = distances.map(tailsOf);
  const smallest = distances[0].map((_, i) =>
    Math.min(...tails.map((ofFigure) => ofFigure[i]))
  );
  const adjusted = (tail: number) =>
    smallest.filter((other) => other <= tail).length / smallest.length;
  return {
    // The first parting is the one that was observed.
    p: tails.map(([observed]) => adjusted(observed)),
    least: adjusted(smallest.reduce((one, other) => Math.min(one, other))),
  };
}

/** For each value, how many are as large or larger. */
function tailsOf(values: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const tails = new Map<number, number>();
  let tail = 0;
  for (const value of [...counts.keys()].sort((one, other) => other - one)) {
    tail += counts.get(value)!;
    tails.set(value, tail);
  }
  return values.map((value) => tails.get(value)!);
}

/** The rank of each value, less the mean rank; those that are equal share a mean. */
function centredRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const above = values.filter((other) => other > value).length;
    return (below - above) / 2;
  });
}

/**
 * The ways to choose so many of a number of runs, by their indices: all of them, or
 * where these are too many a number drawn at random, the same every time. The first
 * is that of the first runs.
 */
function partings(total: number, size: number): Iterable<readonly number[]> {
  return waysToChoose(total, size) <= MOST_PARTINGS
    ? allPartings(total, size)
    : drawnPartings(total, size);
}

/** How many ways there are to choose so many of a number of runs. */
function waysToChoose(total: number, size: number): number {
  let ways = 1;
  for (let i = 1; i <= size; i++) ways = ways * (total - size + i) / i;
  return Math.round(ways);
}

/** All ways, in lexicographic order. */
function* allPartings(
  total: number,
  size: number,
): Generator<readonly number[]> {
  const group = Array.from({ length: size }, (_, i) => i);
  let at: number;
  do {
    yield group;
    at = size - 1;
    while (at >= 0 && group[at] === total - size + at) at--;
    if (at >= 0) group[at]++;
    for (let i = at + 1; i < size; i++) group[i] = group[i - 1] + 1;
  } while (at >= 0);
}

/** The first way, and others each as likely as any. */
function* drawnPartings(
  total: number,
  size: number,
): Generator<readonly number[]> {
  const random = xorshift32();
  const order = Array.from({ length: total }, (_, i) => i);
  // With the observed one among them, no p is too small (Phipson and Smyth, 2010).
  yield order.slice(0, size);
  for (let drawn = 1; drawn < MOST_PARTINGS; drawn++) {
    for (let i = 0; i < size; i++) {
      const other = i + Math.floor(random() * (total - i));
      [order[i], order[other]] = [order[other], order[i]];
    }
    yield order.slice(0, size);
  }
}

/** Pseudo-random numbers from 0 to 1 (Marsaglia 2003), the same every time. */
function xorshift32(): () => number {
  let word = 0x9e3779b9;
  return () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return (word >>> 0) / 2 ** 32;
  };
}
