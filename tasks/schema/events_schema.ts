/**
 * The JSON Schema of the lines that the programs write with `--json`, generated
 * from the event types.
 *
 * @module
 */
import {
  type BaseType,
  type ChainNodeParser,
  type CompletedConfig,
  Context,
  createFormatter,
  createParser,
  createProgram,
  DEFAULT_CONFIG,
  type Definition,
  SchemaGenerator,
  type SubNodeParser,
} from "ts-json-schema-generator";
import ts from "typescript";
import { fileURLToPath } from "node:url";
import { METRICS } from "../../measure/metrics.ts";

/** Where the types of the lines are. */
const TYPES = fileURLToPath(new URL("../../events/line.ts", import.meta.url));

const CONFIG: CompletedConfig = {
  ...DEFAULT_CONFIG,
  path: TYPES,
  type: "*",
  // `deno check` has checked them, with what Deno knows.
  skipTypeCheck: true,
  expose: "export",
  jsDoc: "extended",
  extraTags: ["contentEncoding"],
  additionalProperties: false,
  sortProps: false,
  topRef: false,
};

/** The schema of an object, or of a union of objects. */
type Schema = Definition & {
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
};

/** Reads `Uint8Array` as `Base64`, which is what it becomes in JSON. */
class BytesParser implements SubNodeParser {
  readonly #program: ts.Program;
  readonly #parser: SubNodeParser;

  constructor(program: ts.Program, parser: SubNodeParser) {
    this.#program = program;
    this.#parser = parser;
  }

  supportsNode(node: ts.Node): boolean {
    return ts.isTypeReferenceNode(node) &&
      node.typeName.getText() === "Uint8Array";
  }

  createType(): BaseType {
    const base64 = this.#program.getSourceFiles()
      .flatMap(({ statements }) => [...statements])
      .find((node) =>
        ts.isTypeAliasDeclaration(node) && node.name.text === "Base64"
      );
    if (base64 === undefined) throw new Error("there is no type Base64");
    return this.#parser.createType(base64, new Context());
  }
}

function createGenerator(): SchemaGenerator {
  const program = createProgram(CONFIG);
  const parser = createParser(program, CONFIG, (parsers) => {
    const all = parsers as ChainNodeParser;
    all.addNodeParser(new BytesParser(program, all));
  });
  return new SchemaGenerator(program, parser, createFormatter(CONFIG), CONFIG);
}

/** The name that a reference refers to. */
function nameOf({ $ref = "" }: Schema): string {
  return decodeURIComponent($ref.slice($ref.lastIndexOf("/") + 1));
}

/**
 * Generates the schema: for each event one object of the event's own fields and of
 * the line's, whose `role` names the programs that print it.
 *
 * @returns JSON, formatted.
 */
export function eventsSchema(): string {
  const generator = createGenerator();
  const { definitions, properties: roles } = generator.createSchema(
    "EventsOfRole",
  ) as { definitions: Record<string, Schema> } & Schema;
  const head = generator.createSchema("LineHead") as Schema & {
    definitions: Record<string, Schema>;
  };

  const rateLimited = (generator.createSchema("RateLimitedEvent") as Schema)
    .anyOf!
    .map(nameOf);
  const omission = generator.createSchema("Omission") as Schema;

  const rest = { ...definitions, ...head.definitions };
  /** The events that a schema allows. */
  const eventsIn = (schema: Schema): string[] => {
    if (schema.anyOf) return schema.anyOf.flatMap(eventsIn);
    const name = nameOf(schema);
    const isUnion = definitions[name].anyOf !== undefined;
    delete rest[name];
    return isUnion ? eventsIn(definitions[name]) : [name];
  };
  const rolesOf = new Map<string, string[]>();
  for (const [role, schema] of Object.entries(roles!)) {
    for (const name of eventsIn(schema)) {
      rolesOf.set(name, [...rolesOf.get(name) ?? [], role]);
    }
  }
  delete rest.Role;
  // The event types do not import the table of metrics.
  Object.assign(rest.MetricName, { enum: Object.keys(METRICS) });

  const lines = [...rolesOf].map(([name, roles]) => {
    const { description, properties, required = [] } = definitions[name];
    const { event, ...own } = properties!;
    const details = {
      ...own,
      ...rateLimited.includes(name) ? omission.properties : undefined,
    };
    const { role: _, ...others } = head.properties!;
    const ofLine = { event, role: { enum: roles }, ...others };
    return {
      title: name,
      description,
      type: "object",
      properties: { ...ofLine, ...details },
      required: [
        "event",
        ...head.required!,
        ...Object.keys(details).filter((key) => required.includes(key)),
      ],
      additionalProperties: false,
    };
  });
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "echosounder events",
    description: "One line that a program writes with --json. " +
      "Durations (_us) are microseconds, sizes are bytes.",
    oneOf: lines,
    $defs: Object.fromEntries(
      Object.entries(rest).toSorted(([one], [other]) => one < other ? -1 : 1),
    ),
  };
  return JSON.stringify(schema, null, 2)
    .replaceAll('"#/definitions/', '"#/$defs/') + "\n";
}
