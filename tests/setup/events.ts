/**
 * Reading JSON Lines in tests: every line is validated against the schema.
 *
 * @module
 */
import { Ajv2020 } from "ajv";
import schema from "../../events/events.schema.json" with { type: "json" };

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const validate = ajv.compile(schema);

/** The kinds of lines in the schema, each with its own validator, compiled on first use. */
const KINDS = schema.oneOf.map((kind) => {
  let check: ReturnType<typeof ajv.compile> | undefined;
  return {
    name: kind.title,
    roles: kind.properties.role.enum,
    fits: (line: Line) =>
      (check ??= ajv.compile({ ...kind, $defs: schema.$defs }))(line),
  };
});

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

/** Every kind of line in the schema, for each program that may write it. */
export const ALL_KINDS: readonly string[] = KINDS.flatMap(({ name, roles }) =>
  roles.map((role) => `${role} ${name}`)
);

/** A line's program and kind. */
export function kindOf(line: Line): string {
  const kind = KINDS.find(({ fits }) => fits(line));
  return `${line.role} ${kind?.name}`;
}
