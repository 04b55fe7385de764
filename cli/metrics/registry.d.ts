/**
 * The part of prom-client's registry that is used here: its types have no way to it
 * alone.
 *
 * @module
 */

/** Writes metrics that are handed to it. */
declare class Registry {
  /** The media type of the format that is older than OpenMetrics. */
  static readonly PROMETHEUS_CONTENT_TYPE: string;
  /** The media type of OpenMetrics. */
  static readonly OPENMETRICS_CONTENT_TYPE: string;
  /** @param contentType One of the two. */
  constructor(contentType: string);
  /** Adds a metric to what is written. */
  registerMetric(metric: Metric): void;
  /** Writes all metrics. */
  metrics(): Promise<string>;
}

/** A metric as the registry takes it. */
interface Metric {
  /** In OpenMetrics, the registry takes `_total` off a counter's name. */
  name: string;
  type: "counter" | "gauge" | "histogram";
  get(): {
    name: string;
    type: Metric["type"];
    help: string;
    values: {
      /** The series' name where it is not the metric's. */
      metricName?: string;
      labels: Readonly<Record<string, string>>;
      value: number;
    }[];
  };
}

export default Registry;
