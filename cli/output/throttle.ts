/**
 * Telling of what comes in floods without becoming a flood.
 *
 * @module
 */
import type { ProgramEvent } from "../../events/line.ts";
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
  tell: (event: ProgramEvent) => Result,
  clock: () => number = now,
): (event: ProgramEvent) => Result | undefined {
  const kinds = new Map<string, { toldAt: number; untold: number }>();
  return (event) => {
    const kind = kindOf(event);
    if (kind === undefined) return tell(event);
    const time = clock();
    const known = kinds.get(kind);
    if (known !== undefined && time - known.toldAt < SPACING) {
      known.untold++;
      return undefined;
    }
    kinds.set(kind, { toldAt: time, untold: 0 });
    return tell(
      known === undefined || known.untold === 0
        ? event
        : { ...event, untold: known.untold } as ProgramEvent,
    );
  };
}

/** What an event counts as; `undefined` for one that is told always. */
function kindOf(event: ProgramEvent): string | undefined {
  switch (event.event) {
    case "rejected":
      return `rejected ${event.reason}`;
    case "suppressed":
      return "suppressed";
    case "fault":
      return `fault ${event.operation}`;
  }
}
