/**
 * Reading JSON Lines in tests: every line is held against the schema.
 *
 * @module
 */
import { Ajv2020 } from "ajv";
import schema from "../events/events.schema.json" with { type: "json" };

const validate = new Ajv2020({ strict: false, allErrors: false }).compile(
  schema,
);

/** A line as a test reads it. */
// deno-lint-ignore no-explicit-any -- the schema has checked it
export type Line = Record<string, any>;

/** The events in a program's output; throws where a line does not fit the schema. */
export function parseEvents(output: string): Line[] {
  return output.trimEnd().split("\n").filter((line) => line !== "").map(
    (line) => {
      const event = JSON.parse(line);
      if (!validate(event)) {
        const reasons = validate.errors?.filter(({ schemaPath }) =>
          !schemaPath.includes("const")
        );
        throw new Error(
          `not in the schema: ${line}\n${JSON.stringify(reasons)}`,
        );
      }
      return event;
    },
  );
}
