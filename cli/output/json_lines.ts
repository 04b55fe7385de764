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
export function jsonLine(
  event: Printed<ProgramEvent>,
  role: Role,
  target?: string,
): string {
  const { event: name, ...details } = event;
  const time = new Date().toISOString();
  const head: LineHead = { role, time, schema: 2, of_target: target };
  return JSON.stringify(
    { event: name, ...head, ...details },
    (_, value) => value instanceof Uint8Array ? value.toBase64() : value,
  );
}
