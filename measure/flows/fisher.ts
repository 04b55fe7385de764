/**
 * Fisher's exact test: whether something happens more often in one group than in
 * another.
 *
 * @module
 */

/** How often something happened. */
export interface Occurrences {
  /** Times that it happened. */
  hits: number;
  /** Times that it could have. */
  of: number;
}

/** Terms below this share of the sum add nothing to it. */
const NEGLIGIBLE = 1e-16;

/**
 * The probability that at least as many of all hits fall into the first group by
 * chance (one-sided; Fisher 1934, the upper tail of the hypergeometric distribution).
 */
export function fisher(one: Occurrences, others: Occurrences): number {
  const all = one.of + others.of;
  const hits = one.hits + others.hits;
  const most = Math.min(one.of, hits);
  let term = Math.exp(
    logChoose(one.of, one.hits) + logChoose(others.of, others.hits) -
      logChoose(all, hits),
  );
  let sum = 0;
  for (let k = one.hits; k <= most; k++) {
    sum += term;
    const left = hits - k;
    const ratio = (one.of - k) * left /
      ((k + 1) * (others.of - left + 1));
    term *= ratio;
    // From the mode on, the terms shrink.
    if (ratio < 1 && term < NEGLIGIBLE * sum) break;
  }
  return Math.min(sum, 1);
}

/** The natural logarithm of a binomial coefficient. */
function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** The factorials below this are summed up; beyond, Stirling's series is exact enough. */
const SUMMED = 64;

const SMALL = new Float64Array(SUMMED);
for (let n = 2; n < SUMMED; n++) SMALL[n] = SMALL[n - 1] + Math.log(n);

function logFactorial(n: number): number {
  if (n < SUMMED) return SMALL[n];
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) +
    1 / (12 * n) - 1 / (360 * n ** 3) + 1 / (1260 * n ** 5);
}
