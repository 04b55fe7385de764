/**
 * Events as JSON Lines; `events/events.schema.json` describes them.
 *
 * @module
 */

import type {
  LineHead,
  Printed,
  ProgramEvent,
  Role,
} from "../../events/line.ts";

/** An event as one line of JSON. */
export function jsonLine(event: Printed<ProgramEvent>, role: Role): string {
  const { event: name, ...details } = event;
  const head: LineHead = { role, time: new Date().toISOString(), schema: 2 };
  return JSON.stringify(
    { event: name, ...head, ...details },
    (_, value) => value instanceof Uint8Array ? value.toBase64() : value,
  );
}
