/**
 * The reference has the options and exit codes of each program's help, and the
 * events of their schema: all of them, and no others.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import schema from "../../events/events.schema.json" with { type: "json" };
import { ROLES } from "../../cli/roles.ts";
import { ROOT, runRole } from "../setup/process.ts";

const REFERENCE = Deno.readTextFileSync(`${ROOT}docs/reference.md`);

/** The text below a heading, up to the next one of its level or a higher one. */
function sectionOf(heading: string): string {
  const [level] = heading.split(" ");
  const [, after] = `\n${REFERENCE}`.split(`\n${heading}\n`);
  assert(after !== undefined, `the reference has no "${heading}"`);
  return after.split(new RegExp(`\n#{1,${level.length}} `))[0];
}

/** The rows of the first table of a section, as cells without their code marks. */
function rowsBelow(heading: string): string[][] {
  const lines = sectionOf(heading).split("\n");
  const first = lines.findIndex((line) => line.startsWith("| --"));
  const rows = lines.slice(first + 1);
  return rows.slice(0, rows.findIndex((line) => !line.startsWith("|")))
    .map((row) =>
      row.split(/(?<!\\)\|/).slice(1, -1).map((cell) =>
        cell.trim().replaceAll("`", "").replaceAll("\\|", "|")
      )
    );
}

/** The options that a help lists, such as `-p, --port PORT`. */
function optionsInHelp(help: string): string[] {
  const [options] = help.split(/^Examples:$/m);
  return [
    ...options.matchAll(/^ {2}(?:(-\w, )| {4})(--[\w-]+(?: \S+)?)(?= {2}|$)/gm),
  ]
    .map(([, short, long]) => (short ?? "") + long);
}

/** The sections of the options that a program has. */
function sectionsFor(role: string): string[] {
  const [, kind] = role.split("-");
  return [
    "### All four programs",
    `### Both ${kind}s`,
    `### \`${role}\``,
  ].filter((heading) => `\n${REFERENCE}`.includes(`\n${heading}\n`));
}

for (const { role } of ROLES) {
  Deno.test(`the reference has the options of ${role} --help`, async () => {
    const { stdout } = await runRole(role, ["--help"]);
    const inHelp = optionsInHelp(stdout);
    assert(inHelp.length > 10, stdout);
    const inReference = sectionsFor(role).flatMap(rowsBelow)
      .map(([option]) => option);
    assertEquals(inReference.toSorted(), inHelp.toSorted());
  });
}

Deno.test("the reference has the exit codes of --help, and that of a file that cannot unpack itself", async () => {
  const inReference = rowsBelow("## Exit codes").map(([code]) => Number(code));
  for (const { role } of ROLES) {
    const { stdout } = await runRole(role, ["--help"]);
    const [, list] = stdout.split(/^Exit codes:$/m);
    const codes = [...list.matchAll(/^ +(\d+) {2}/gm)].map(([, code]) =>
      Number(code)
    );
    assert(codes.length > 5, stdout);
    assertEquals(
      inReference,
      [...new Set([...codes, 126])].toSorted((one, other) => one - other),
    );
  }
});

Deno.test("the reference has the events of the schema, and whose they are", () => {
  const ofAll = ROLES.map(({ role }) => role).toSorted();
  const names: Record<string, string[]> = {
    "all four": ofAll,
    "both servers": ofAll.filter((role) => role.endsWith("-server")),
    "both clients": ofAll.filter((role) => role.endsWith("-client")),
  };
  const inReference = rowsBelow("## Events").map(([event, of]) => [
    event,
    ...names[of] ?? [of],
  ]);
  // Servers and clients have a `progress` of their own.
  const inSchema = [
    ...Map.groupBy(
      schema.oneOf,
      ({ properties }) => properties.event.const,
    ),
  ].map(([event, kinds]) => [
    event,
    ...kinds.flatMap(({ properties }) => properties.role.enum).toSorted(),
  ]);
  assertEquals(inReference.toSorted(), inSchema.toSorted());
});
