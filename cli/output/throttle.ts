/**
 * Telling of what comes in floods without becoming a flood.
 *
 * @module
 */
import type { EchosounderEvent } from "../../events/mod.ts";

/** Milliseconds from one event of a kind that is told to the next. */
const SPACING = 1000;

/**
 * Wraps a function that tells events: of peers that are turned away, and of
 * faults, it is told one a second of each kind and reason, with the number of
 * those that it was not told of.
 */
export function throttled<Result>(
  tell: (event: EchosounderEvent) => Result,
): (event: EchosounderEvent) => Result | undefined {
  const kinds = new Map<string, { toldAt: number; untold: number }>();
  return (event) => {
    if (event.event !== "rejected" && event.event !== "fault") {
      return tell(event);
    }
    const what = event.event === "fault" ? event.operation : event.reason;
    const kind = `${event.event} ${what}`;
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
        : { ...event, untold: known.untold },
    );
  };
}
