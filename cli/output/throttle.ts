/**
 * Rate-limiting the events that can come in floods, so that output does not.
 *
 * @module
 */
import type {
  Printed,
  ProgramEvent,
  RateLimitedEvent,
} from "../../events/line.ts";
import { now } from "../../net/clock.ts";

/** Microseconds from one printed event of a kind to the next. */
const SPACING = 1_000_000;

/**
 * Wraps a function that prints events: it is called for one rejection, suppressed
 * answer, dropped packet, step of the clock or fault a second of each kind and reason, with the number of those
 * omitted before, and for every other event.
 *
 * @param print Prints an event.
 * @param clock The time, in microseconds.
 */
export function throttled<Result>(
  print: (event: Printed<ProgramEvent>) => Result,
  clock: () => number = now,
): (event: ProgramEvent) => Result | undefined {
  const kinds = new Map<string, { printedAt: number; omitted: number }>();
  return (event) => {
    if (!isRateLimited(event)) return print(event);
    const kind = kindOf(event);
    const time = clock();
    const known = kinds.get(kind);
    if (known !== undefined && time - known.printedAt < SPACING) {
      known.omitted++;
      return undefined;
    }
    kinds.set(kind, { printedAt: time, omitted: 0 });
    return print(
      known === undefined || known.omitted === 0
        ? event
        : { ...event, omitted: known.omitted },
    );
  };
}

function isRateLimited(event: ProgramEvent): event is RateLimitedEvent {
  return ["rejected", "suppressed", "dropped", "clock-stepped", "fault"]
    .includes(event.event);
}

/** What events are limited by. */
function kindOf(event: RateLimitedEvent): string {
  switch (event.event) {
    case "rejected":
      return `rejected ${event.reason}`;
    case "suppressed":
    case "clock-stepped":
      return event.event;
    case "dropped":
      return `dropped ${event.reason}`;
    case "fault":
      return `fault ${event.operation}`;
  }
}
