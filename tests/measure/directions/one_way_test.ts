import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { OneWay } from "../../../measure/directions/one_way.ts";
import { Variation } from "../../../measure/directions/variation.ts";

/** A path between two clocks. */
async function follow(ahead = 0) {
  const oneWay = await OneWay.create();
  let time = 1e6;
  let offset = ahead;
  return {
    oneWay,
    /** Sends a message that takes so long each way, and 100 µs in the reflector. */
    exchange(out: number, back: number) {
      const sent = time += 10_000;
      const received = sent + out + offset;
      const reflected = received + 100;
      oneWay.record({
        sent,
        received,
        reflected,
        returned: reflected - offset + back,
      });
    },
    /** Sets the reflector's clock. */
    step(by: number) {
      offset += by;
    },
  };
}

function variationOf(oneWay: OneWay) {
  const { out, back } = oneWay.variation;
  return {
    out: out.all().percentiles()?.max,
    back: back.all().percentiles()?.max,
  };
}

Deno.test("OneWay shows what is added on one way on that way alone, whatever the clocks say", async () => {
  for (const ahead of [0, 3_600e6, -37e6]) {
    const path = await follow(ahead);
    for (let i = 0; i < 300; i++) path.exchange(i === 150 ? 30_500 : 500, 700);
    const { offset, bound } = path.oneWay.offset!;
    assert(Math.abs(offset - ahead) <= bound, `${offset} of ${ahead}`);
    assertEquals([bound, path.oneWay.steps, path.oneWay.drifts], [600, 0, 0]);
    assertEquals(variationOf(path.oneWay), { out: 30_000, back: 0 });
  }
});

Deno.test("OneWay notices a step of the reflector's clock, and compares nothing across it", async () => {
  for (const step of [1e6, -1e6, 5000, -5000]) {
    const path = await follow(12_345);
    for (let i = 0; i < 10; i++) path.exchange(500 + i, 500);
    path.step(step);
    for (let i = 0; i < 10; i++) path.exchange(500, 500 + i);
    assertEquals([path.oneWay.steps, path.oneWay.drifts], [1, 0]);
    const { offset } = path.oneWay.offset!;
    assert(Math.abs(offset - 12_345 - step) <= 500, `${offset}`);
    assertEquals(variationOf(path.oneWay), { out: 9, back: 9 });
  }
});

Deno.test("OneWay takes a slow divergence of the clocks for drift, and no step", async () => {
  const path = await follow();
  for (let i = 0; i < 3000; i++) {
    path.exchange(100, 100);
    path.step(1);
  }
  assertEquals(path.oneWay.steps, 0);
  assert(path.oneWay.drifts > 0);
});

Deno.test("OneWay takes no queue for a step, however long", async () => {
  const path = await follow(-5e6);
  for (let i = 0; i < 50; i++) path.exchange(100 + i * 20_000, 100);
  for (let i = 0; i < 50; i++) path.exchange(100, 100 + i * 20_000);
  assertEquals([path.oneWay.steps, path.oneWay.drifts], [0, 0]);
});

Deno.test("OneWay between clocks that go on as they are is right within its bound", () => {
  const delays = fc.array(
    fc.tuple(fc.nat(50_000), fc.nat(50_000)),
    { minLength: 1, maxLength: 300 },
  );
  return fc.assert(
    fc.asyncProperty(
      delays,
      fc.integer({ min: -1e9, max: 1e9 }),
      async (each, ahead) => {
        const path = await follow(ahead);
        for (const [out, back] of each) path.exchange(out, back);
        const { offset, bound } = path.oneWay.offset!;
        assert(Math.abs(offset - ahead) <= bound + 0.01);
        const spread = (way: number) => {
          const all = each.map((both) => both[way]);
          return Math.max(...all) - Math.min(...all);
        };
        assertEquals(variationOf(path.oneWay), {
          out: spread(0),
          back: spread(1),
        });
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("Variation keeps percentiles when a smaller delay comes later", async () => {
  const variation = await Variation.create();
  for (let i = 0; i < 1000; i++) variation.record(5000 + i % 100);
  variation.endInterval();
  for (let i = 0; i < 10; i++) variation.record(4000);
  const all = variation.all().percentiles()!;
  assertEquals([all.count, all.min, all.max], [1010, 0, 1099]);
  assert(Math.abs(all.p50! - 1049) <= 2, `${all.p50}`);
});

Deno.test("OneWay says where timestamps are not those of a clock", async () => {
  const path = await follow();
  for (let i = 0; i < 100; i++) {
    path.exchange(100, 100);
    // As if the clock stood still.
    path.step(-10_000);
  }
  assert(!path.oneWay.isSteady);
});
