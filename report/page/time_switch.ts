/// <reference lib="dom" />
/**
 * The switch between clock times and the time since each run's start.
 *
 * @module
 */
import { choices } from "./choices.ts";
import { zoneName } from "./clock.ts";
import type { TimeScale } from "./timeline.ts";

/**
 * Creates the switch.
 *
 * @param from When the runs began, in seconds since 1970: zones differ over a year.
 * @param chosen What it shows at first.
 * @param onChange Called with what is chosen.
 */
export function timeSwitch(
  from: number,
  chosen: TimeScale,
  onChange: (scale: TimeScale) => void,
): HTMLElement {
  const local = zoneName("local", from);
  return choices<TimeScale>(
    "Times in",
    [
      ["local", local === "UTC" ? "local time" : `local time (${local})`],
      ["UTC", "UTC"],
      ["start", "time since each run's start"],
    ],
    chosen,
    onChange,
  );
}
