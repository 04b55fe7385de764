import { assertEquals } from "@std/assert";
import { Standstill } from "../../../udp/server/standstill.ts";

Deno.test("a gap between signs of life is a standstill, from the one to the other", () => {
  const standstill = new Standstill();
  for (const now of [1e15, 1e15 + 20_000, 1e15 + 70_000]) standstill.alive(now);
  assertEquals([standstill.count, standstill.isRecent(1e15 + 70_001)], [
    0,
    false,
  ]);
  standstill.alive(1e15 + 120_001);
  assertEquals(
    [standstill.count, standstill.from, standstill.to],
    [1, 1e15 + 70_000, 1e15 + 120_001],
  );
  assertEquals(standstill.isRecent(1e15 + 130_000), true);
  assertEquals(standstill.isRecent(1e15 + 300_000), false);
});

Deno.test("a step of the clock is no standstill", () => {
  const standstill = new Standstill();
  standstill.alive(1e15);
  standstill.forget();
  standstill.alive(2e15);
  assertEquals(standstill.count, 0);
  standstill.alive(2e15 + 60_000);
  assertEquals(standstill.count, 1);
});
