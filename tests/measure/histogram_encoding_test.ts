/**
 * Decoding histograms, also malicious ones.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { Histogram } from "../../measure/histogram.ts";
import { mergeDelays } from "../../mod.ts";
import {
  forgeHistogram,
  type Forgery,
  zeros,
} from "../setup/forged_histogram.ts";

Deno.test("Histogram.decode() returns what another one encoded", async () => {
  const delays = fc.array(fc.integer({ min: 1, max: 60_000_000 }));
  await fc.assert(fc.asyncProperty(delays, async (all) => {
    const histogram = await Histogram.create();
    all.forEach((delay) => histogram.record(delay));
    const decoded = await Histogram.decode(histogram.encode());
    assertEquals([...decoded.counts()], [...histogram.counts()]);
    assertEquals(decoded.total, all.length);
    assertEquals(decoded.encode(), histogram.encode());
  }));
});

Deno.test("Histogram.decode() reads counts by their indices, and runs of zeros between", async () => {
  const encoded = await forgeHistogram({ counts: [0, 3, -1000, 2 ** 40, -5] });
  const decoded = await Histogram.decode(encoded);
  assertEquals([...decoded.counts()], [[1, 3], [1002, 2 ** 40]]);
});

for (
  const [what, forgery, message] of [
    [
      "is longer than any can be",
      { tail: new Uint8Array(600_000) },
      "characters, and can have 209256 at most",
    ],
    [
      "inflates to a hundred times its largest size",
      { padding: zeros(16 * 1024 * 1024) },
      "it inflates to more than 156712 bytes",
    ],
    [
      "claims a range for which gigabytes would be needed",
      { highest: 2 ** 52 },
      "it is not of 1 to 60000000 at 3 digits",
    ],
    [
      "claims a precision for which gigabytes would be needed",
      { digits: 9 },
      "it is not of 1 to 60000000 at 3 digits",
    ],
    [
      "claims another lowest value",
      { lowest: 0 },
      "it is not of 1 to 60000000 at 3 digits",
    ],
    [
      "claims more counts than it holds",
      { claimed: 2 ** 31 },
      "it does not hold what its header says",
    ],
    [
      "skips more zeros than it has counts",
      { counts: [1, -(2 ** 48), 1] },
      "it has more than 17408 counts",
    ],
    [
      "has more counts than its range",
      { counts: Array(17_409).fill(1) },
      "it has more than 17408 counts",
    ],
    [
      "counts more in one place than can be counted exactly",
      { counts: [2 ** 60] },
      "it counts more than can be counted exactly",
    ],
    [
      "counts more in all than can be counted exactly",
      { counts: [2 ** 51, 2 ** 51, 2 ** 51, 2 ** 51] },
      "it counts more than can be counted exactly",
    ],
    [
      "ends within a count",
      { padding: new Uint8Array([0x80]), claimed: 1 },
      "its last count is cut short",
    ],
    [
      "is of another version",
      { cookie: 0x1c849302 },
      "there is no HdrHistogram (V2) in it",
    ],
  ] satisfies [string, Forgery, string][]
) {
  Deno.test(`Histogram.decode() refuses a histogram that ${what}`, async () => {
    const encoded = await forgeHistogram(forgery);
    const error = await assertRejects(
      () => Histogram.decode(encoded),
      TypeError,
    );
    assertStringIncludes(error.message, message);
  });
}

for (
  const [what, encoded, message] of [
    ["nothing", "", "it is not a compressed HdrHistogram (V2)"],
    ["text", "no base64!", "it is not base64"],
    [
      "what is cut short",
      (await forgeHistogram({ counts: [1] })).slice(0, 40),
      "it is cut short",
    ],
    [
      "what is not zlib's",
      btoa("\x1c\x84\x93\x14\0\0\0\x04abcd"),
      "it cannot be inflated",
    ],
  ]
) {
  Deno.test(`Histogram.decode() refuses ${what}`, async () => {
    await assertRejects(() => Histogram.decode(encoded), TypeError, message);
  });
}

Deno.test("Histogram.decode() gives a histogram or a TypeError, whatever is inside", async () => {
  const data = fc.uint8Array({ maxLength: 200 });
  await fc.assert(fc.asyncProperty(data, fc.boolean(), async (data, isBare) => {
    const encoded = isBare
      ? data.toBase64()
      : await forgeHistogram({ padding: data, claimed: data.length });
    try {
      await Histogram.decode(encoded);
    } catch (error) {
      assertEquals(error instanceof TypeError, true, String(error));
    }
  }));
});

Deno.test("mergeDelays() refuses a summary with a malicious histogram", async () => {
  const histogram = await forgeHistogram({ padding: zeros(16 * 1024 * 1024) });
  await assertRejects(
    () => mergeDelays([{ count: 1, min: 1, mean: 1, max: 1, histogram }]),
    TypeError,
    "it inflates to more than",
  );
});
