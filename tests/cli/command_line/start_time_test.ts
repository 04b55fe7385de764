import { assertEquals, assertThrows } from "@std/assert";
import { startTime } from "../../../cli/command_line/start_time.ts";
import { UsageError } from "../../../cli/command_line/values.ts";

const NOON = Temporal.ZonedDateTime.from("2026-11-30T12:00:00+08:00[+08:00]");

/** When it would start, as a time in UTC. */
function start(text: string, now = NOON): string {
  return new Date(startTime(text, now)).toISOString();
}

Deno.test("startTime() reads a time of day by this machine's clock, and one that is past as tomorrow's", () => {
  assertEquals(start("14:00"), "2026-11-30T06:00:00.000Z");
  assertEquals(start("12:00:05"), "2026-11-30T04:00:05.000Z");
  assertEquals(start("12:00"), "2026-11-30T04:00:00.000Z");
  assertEquals(start("11:59:59"), "2026-12-01T03:59:59.000Z");
});

Deno.test("startTime() reads a date and a time with its zone", () => {
  assertEquals(start("2026-11-30T04:00:01Z"), "2026-11-30T04:00:01.000Z");
  assertEquals(
    start("2026-11-30T05:00:00.25+01:00"),
    "2026-11-30T04:00:00.250Z",
  );
});

Deno.test("startTime() takes tomorrow's time of day across a change of the clocks", () => {
  const evening = Temporal.ZonedDateTime.from(
    "2026-03-28T20:00:00+01:00[Europe/Berlin]",
  );
  assertEquals(start("19:00", evening), "2026-03-29T17:00:00.000Z");
});

for (
  const [text, why] of [
    ["2026-11-30T03:59:59Z", "is past"],
    ["2027-11-30T03:59:59Z", "is too far away"],
    ["2026-11-31T04:00:00Z", "is not a time to start at"],
    ["2026-11-30T14:00:00", "is not a time to start at"],
    ["24:00", "is not a time to start at"],
    ["9:00", "is not a time to start at"],
    ["10s", "is not a time to start at"],
    ["", "is not a time to start at"],
  ]
) {
  Deno.test(`startTime() refuses "${text}": it ${why}`, () => {
    assertThrows(() => startTime(text, NOON), UsageError, `"${text}" ${why}`);
  });
}
