import { assertEquals } from "@std/assert";
import { Exposition, formatFor } from "../../../cli/metrics/exposition.ts";
import type { Family, Labels } from "../../../cli/metrics/family.ts";

const OPEN_METRICS = formatFor("application/openmetrics-text");
const OLDER = formatFor(null);

const TARGETS: Labels[] = ["a", 'b "quoted" \\ and\nbroken', "c"].map(
  (target) => ({ target }),
);

/** A counter of some targets. */
function sent(...values: number[]): Family {
  return {
    type: "counter",
    name: "sent_total",
    help: "Messages sent.",
    samples: values.map((value, i) => ({ labels: TARGETS[i], value })),
  };
}

Deno.test("Exposition writes a family's head, its series and their values, with labels escaped", async () => {
  assertEquals(
    await new Exposition(OLDER).write([sent(1, 2)]),
    "# HELP sent_total Messages sent.\n" +
      "# TYPE sent_total counter\n" +
      'sent_total{target="a"} 1\n' +
      'sent_total{target="b \\"quoted\\" \\\\ and\\nbroken"} 2\n',
  );
});

Deno.test("Exposition ends as OpenMetrics has it, where counters' families have no _total", async () => {
  assertEquals(
    await new Exposition(OPEN_METRICS).write([sent(1)]),
    "# HELP sent Messages sent.\n# TYPE sent counter\n" +
      'sent_total{target="a"} 1\n# EOF\n',
  );
});

Deno.test("Exposition leaves out a family without series", async () => {
  assertEquals(await new Exposition(OLDER).write([sent()]), "");
});

Deno.test("Exposition writes the same whether or not it has written the series before", async () => {
  const many: Family = {
    type: "gauge",
    name: "up",
    help: "Whether it is up.",
    samples: Array.from({ length: 1000 }, (_, i) => ({
      labels: { i: String(i) },
      shared: TARGETS[i % 3],
      value: i,
    })),
  };
  const changed = {
    ...many,
    samples: many.samples.map((sample) => ({ ...sample, value: 0.5 })),
  };
  const scrapes: Family[][] = [
    [sent(1, 2), many],
    [sent(3, 4), changed],
    [sent(5, 6, 7), { ...many, samples: many.samples.slice(1) }],
    [sent(8), many],
  ];
  const exposition = new Exposition(OLDER);
  for (const families of scrapes) {
    assertEquals(
      await exposition.write(families),
      await new Exposition(OLDER).write(families),
    );
  }
});
