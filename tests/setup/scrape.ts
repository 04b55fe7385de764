/**
 * Reading a program's metrics as a scraper does.
 *
 * @module
 */
import type { TestProcess } from "./process.ts";
import { until } from "./until.ts";

/** Waits for a program to serve metrics; returns where, `http://127.0.0.1:9100`. */
export async function metricsUrl(process: TestProcess): Promise<string> {
  const pattern =
    /"metrics-listening".*"host":"([^"]+)","port":(\d+)|Metrics on http:\/\/(\S+):(\d+)\/metrics/;
  await until(
    () => pattern.test(process.stdout),
    `a line that names the metrics' address ${process.stderr}`,
  );
  const [, jsonHost, jsonPort, host, port] = pattern.exec(process.stdout)!;
  return `http://${jsonHost ?? host}:${jsonPort ?? port}`;
}

/** A scrape, read. */
export class Scrape {
  /** Its text. */
  readonly text: string;
  readonly #series = new Map<string, number>();

  constructor(text: string) {
    this.text = text;
    for (const line of text.split("\n")) {
      const [, series, value] = /^([^#\s].*) (\S+)$/.exec(line) ?? [];
      if (series === undefined) continue;
      if (this.#series.has(series)) throw new Error(`${series} is there twice`);
      if (!Number.isFinite(Number(value))) throw new Error(line);
      this.#series.set(series, Number(value));
    }
  }

  /** The names of all series that begin with a text. */
  names(beginning = ""): string[] {
    return [...this.#series.keys()].filter((name) =>
      name.startsWith(beginning)
    );
  }

  /**
   * The value of the only series of a name, with `echosounder_` before it, that
   * has some labels among its own (`reason="idle"`); `undefined` where there is
   * none.
   */
  value(name: string, labels = ""): number | undefined {
    const found = this.names(`echosounder_${name}{`).filter((series) =>
      series.includes(labels)
    );
    if (found.length > 1) throw new Error(`which? ${found.join(" ")}`);
    return found.length === 0 ? undefined : this.#series.get(found[0]);
  }
}

/** Scrapes a program. */
export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return new Scrape(text);
}

/** Scrapes a program until a condition holds; returns the scrape in which it does. */
export async function scrapeUntil(
  url: string,
  condition: (scrape: Scrape) => boolean,
  what: string,
): Promise<Scrape> {
  let last: Scrape | undefined;
  await until(async () => condition(last = await scrape(url)), what);
  return last!;
}
