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
  /** Writes a metric, without a newline at its end. */
  getMetricsAsString(metric: { get(): Metric }): Promise<string>;
}

/** A metric as the registry writes it. */
export interface Metric {
  /** In OpenMetrics, the name of a counter's series has `_total` after it. */
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  values: {
    /** The series' name where it is not the metric's. */
    metricName?: string;
    labels: Readonly<Record<string, string>>;
    /** Labels that are written once for each such object, and kept as text. */
    sharedLabels?: Readonly<Record<string, string>>;
    value: number;
  }[];
}

export default Registry;
