/**
 * Events as JSON Lines; `events/events.schema.json` describes them.
 *
 * @module
 */
import type { EchosounderEvent } from "../../events/mod.ts";
import type { Role } from "../roles.ts";

/** The version of the lines' form. */
const SCHEMA = 1;

/** An event as one line of JSON. */
export function jsonLine(event: EchosounderEvent, role: Role): string {
  const { event: name, ...details } = event;
  const time = new Date().toISOString();
  return JSON.stringify(
    { event: name, role, time, schema: SCHEMA, ...details },
    (_, value) => value instanceof Uint8Array ? value.toBase64() : value,
  );
}
