/**
 * Metrics as text that Prometheus reads.
 *
 * @module
 */
// The library's module that writes; the others count, and are six times as large.
// @ts-types="./registry.d.ts"
import Registry, { type Metric } from "prom-client/registry";
import type { Family, Sample } from "./family.ts";
import { Slices } from "./slices.ts";

/** How many series are worked on before others have their turn. */
const PORTION = 100;

/**
 * The format for a scraper, as its media type: OpenMetrics where it asks for that,
 * as Prometheus does; else the older one, which every tool reads (`promtool check
 * metrics` reads no other).
 *
 * @param accept Its `Accept` header.
 */
export function formatFor(accept: string | null): string {
  return accept?.includes("application/openmetrics-text")
    ? Registry.OPENMETRICS_CONTENT_TYPE
    : Registry.PROMETHEUS_CONTENT_TYPE;
}

/** A family's text without its values. */
interface Names {
  /** What the family is, in comments. */
  head: string;
  /** The series, in their order. */
  samples: readonly Sample[];
  /** The name and labels of each. */
  names: string[];
}

/**
 * Writes metrics. The library is given what there is to write, and counts nothing
 * itself: each figure has its one place in a run or a server.
 *
 * Names and labels are written once and kept while the series stay the same. To
 * escape them takes many times as long as the rest, and would hold up messages that
 * are due and answers that come.
 */
export class Exposition {
  readonly #registry: Registry;
  readonly #isOpenMetrics: boolean;
  readonly #written = new Map<string, Names>();

  /** @param format A media type that {@linkcode formatFor} names. */
  constructor(format: string) {
    this.#registry = new Registry(format);
    this.#isOpenMetrics = format === Registry.OPENMETRICS_CONTENT_TYPE;
  }

  /** Writes families as they are now. */
  async write(families: readonly Family[]): Promise<string> {
    const slices = new Slices();
    const parts: string[] = [];
    for (const family of families) {
      const { samples } = family;
      if (samples.length === 0) continue;
      const { head, names } = await this.#namesOf(family, slices);
      parts.push(head);
      for (let i = 0; i < samples.length; i++) {
        parts.push(`${names[i]}${samples[i].value}`);
        if (i % PORTION === 0) await slices.next();
      }
    }
    if (this.#isOpenMetrics) parts.push("# EOF");
    parts.push("");
    return parts.join("\n");
  }

  async #namesOf(family: Family, slices: Slices): Promise<Names> {
    const { name, samples } = family;
    const known = this.#written.get(name);
    if (known !== undefined && areSameSeries(known.samples, samples)) {
      return known;
    }
    let head = "";
    const names: string[] = [];
    for (let i = 0; i < samples.length; i += PORTION) {
      const text = await this.#registry.getMetricsAsString({
        get: () => this.#metricOf(family, samples.slice(i, i + PORTION)),
      });
      const [help, type, ...series] = text.split("\n");
      head = `${help}\n${type}`;
      for (const line of series) {
        names.push(line.slice(0, line.lastIndexOf(" ") + 1));
      }
      await slices.next();
    }
    const written = { head, samples, names };
    this.#written.set(name, written);
    return written;
  }

  #metricOf({ name, type, help }: Family, samples: Sample[]): Metric {
    // In OpenMetrics, a counter's series end in what its family does not.
    const isShort = this.#isOpenMetrics && type === "counter";
    return {
      name: isShort ? name.replace(/_total$/, "") : name,
      type,
      help,
      values: samples.map((sample) => ({
        labels: sample.labels,
        sharedLabels: sample.shared,
        value: sample.value,
        metricName: sample.part && name + sample.part,
      })),
    };
  }
}

function areSameSeries(
  some: readonly Sample[],
  others: readonly Sample[],
): boolean {
  return some.length === others.length && some.every((one, i) => {
    const other = others[i];
    return one.labels === other.labels && one.shared === other.shared &&
      one.part === other.part;
  });
}
