/**
 * Telling of what comes in floods without becoming a flood.
 *
 * @module
 */
import type { EchosounderEvent } from "../../events/mod.ts";

/** Milliseconds from one event of a kind that is told to the next. */
const SPACING = 1000;

/**
 * Wraps a function that tells events: of peers that are turned away, of answers
 * left out, and of faults, it is told one a second of each kind and reason, with
 * the number of those that it was not told of.
 */
export function throttled<Result>(
  tell: (event: EchosounderEvent) => Result,
): (event: EchosounderEvent) => Result | undefined {
  const kinds = new Map<string, { toldAt: number; untold: number }>();
  return (event) => {
    const kind = kindOf(event);
    if (kind === undefined) return tell(event);
    const time = performance.now();
    const known = kinds.get(kind);
    if (known !== undefined && time - known.toldAt < SPACING) {
      known.untold++;
      return undefined;
    }
    kinds.set(kind, { toldAt: time, untold: 0 });
    return tell(
      known === undefined || known.untold === 0
        ? event
        : { ...event, untold: known.untold } as EchosounderEvent,
    );
  };
}

/** What an event counts as; `undefined` for one that is told always. */
function kindOf(event: EchosounderEvent): string | undefined {
  switch (event.event) {
    case "rejected":
      return `rejected ${event.reason}`;
    case "suppressed":
      return "suppressed";
    case "fault":
      return `fault ${event.operation}`;
  }
}
