/**
 * Telling of what comes in floods without becoming a flood.
 *
 * @module
 */
import type { FloodEvent, ProgramEvent, Told } from "../../events/line.ts";
import { now } from "../../net/clock.ts";

/** Microseconds from one event of a kind that is told to the next. */
const SPACING = 1_000_000;

/**
 * Wraps a function that tells events: of peers that are turned away, of answers
 * left out, and of faults, it is told one a second of each kind and reason, with
 * the number of those that it was not told of.
 *
 * @param tell Is told.
 * @param clock Tells the time, in microseconds.
 */
export function throttled<Result>(
  print: (event: Told<ProgramEvent>) => Result,
  clock: () => number = now,
): (event: ProgramEvent) => Result | undefined {
  const kinds = new Map<string, { toldAt: number; omitted: number }>();
  return (event) => {
    if (!isOfFloods(event)) return print(event);
    const kind = kindOf(event);
    const time = clock();
    const known = kinds.get(kind);
    if (known !== undefined && time - known.toldAt < SPACING) {
      known.omitted++;
      return undefined;
    }
    kinds.set(kind, { toldAt: time, omitted: 0 });
    return print(
      known === undefined || known.omitted === 0
        ? event
        : { ...event, omitted: known.omitted },
    );
  };
}

function isOfFloods(event: ProgramEvent): event is FloodEvent {
  return ["rejected", "suppressed", "fault"].includes(event.event);
}

/** What an event counts as. */
function kindOf(event: FloodEvent): string {
  switch (event.event) {
    case "rejected":
      return `rejected ${event.reason}`;
    case "suppressed":
      return "suppressed";
    case "fault":
      return `fault ${event.operation}`;
  }
}
