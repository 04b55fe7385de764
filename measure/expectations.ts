/**
 * What a run is expected to come to, and whether it did.
 *
 * @module
 */
import type {
  Expectation,
  Failure,
  JudgedExpectation,
  Metric,
  ResultEvent,
} from "../events/mod.ts";
import { plural } from "../text/format.ts";

/** The figures of a result that expectations are about. */
export type Figures = Pick<
  ResultEvent,
  "messages_sent" | "rtt_us" | "datagrams" | "measured"
>;

const READERS: Record<Metric, (figures: Figures) => number | undefined> = {
  "min": ({ rtt_us }) => rtt_us?.min,
  "mean": ({ rtt_us }) => rtt_us?.mean,
  "p50": ({ rtt_us }) => rtt_us?.p50,
  "p90": ({ rtt_us }) => rtt_us?.p90,
  "p99": ({ rtt_us }) => rtt_us?.p99,
  "p99.9": ({ rtt_us }) => rtt_us?.["p99.9"],
  "max": ({ rtt_us }) => rtt_us?.max,
  "jitter": ({ datagrams }) => datagrams?.jitter_us,
  "loss": ({ datagrams }) => datagrams?.lost,
  "late": ({ datagrams }) => datagrams?.late,
  "duplicated": ({ datagrams }) => datagrams?.duplicates,
  "reordered": ({ datagrams }) => datagrams?.reordered,
  "errors": ({ measured }) => measured?.errors,
  "rate": ({ measured }) => measured?.messages_per_second,
  // Where nothing comes back, what goes out is all that there is to see.
  "throughput": ({ measured }) =>
    measured?.received_bytes_per_second || measured?.sent_bytes_per_second,
};

const COMPARISONS: Record<
  Expectation["operator"],
  (value: number, limit: number) => boolean
> = {
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
};

/**
 * Holds expectations against a run's figures. Where there is no figure, as for
 * a percentile of no round trip at all, an expectation does not hold.
 */
export function judgeExpectations(
  expectations: readonly Expectation[],
  figures: Figures,
): JudgedExpectation[] {
  return expectations.map((expectation) => {
    const read = READERS[expectation.metric](figures);
    const value = read !== undefined && expectation.unit === "percent"
      ? 100 * read / Math.max(figures.messages_sent, 1)
      : read;
    const held = value !== undefined &&
      COMPARISONS[expectation.operator](value, expectation.limit);
    return { ...expectation, value, held };
  });
}

/** Whether a metric is judged by an expectation, and so is no failure by itself. */
export function expects(
  expectations: readonly Expectation[],
  metric: Metric,
): boolean {
  return expectations.some((each) => each.metric === metric);
}

/**
 * Whether a run passed, and if not, why: its own failure comes first, then what
 * was expected of it.
 */
export function verdict(
  figures: Figures,
  failure: Failure | undefined,
  expectations: readonly Expectation[],
): Pick<ResultEvent, "passed" | "failure" | "expectations"> {
  const judged = judgeExpectations(expectations, figures);
  const broken = judged.filter(({ held }) => !held).length;
  const disappointed: Failure | undefined = broken === 0 ? undefined : {
    code: "expectation",
    message: `${broken} of ${
      plural(judged.length, "expectation")
    } did not hold`,
  };
  const reason = failure ?? disappointed;
  return {
    passed: reason === undefined,
    failure: reason,
    expectations: judged.length > 0 ? judged : undefined,
  };
}
