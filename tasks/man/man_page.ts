/**
 * A program's man page, in the mdoc language of mdoc(7), which both groff and
 * mandoc read.
 *
 * @module
 */
import type { Option } from "../../cli/command_line/options.ts";
import { notationText, optionsByGroup } from "../../cli/command_line/help.ts";
import type { RoleDefinition } from "../../cli/roles.ts";

/** A text of the page: what roff would take for its own is escaped. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    // A line that begins so would be a macro.
    .replaceAll(/^([.'])/gm, "\\&$1");
}

/** The words of a macro's line: none of them is taken for another macro. */
function words(text: string): string {
  return escaped(text).replaceAll('"', "\\(dq").split(" ")
    .map((word) => `\\&${word}`).join(" ");
}

/** A paragraph, each sentence on its line, as roff wants it. */
function sentences(text: string): string {
  return escaped(text).replaceAll(/([.;:]) (?=[A-Z])/g, "$1\n");
}

function item(name: string, option: Option<unknown>): string {
  const { short, placeholder, help, fallbackText } = option;
  const value = placeholder === undefined ? "" : ` Ar ${words(placeholder)}`;
  const flags = [...short === undefined ? [] : [short], `-${name}`]
    .map((flag) => `Fl ${escaped(flag)}${value}`);
  const fallback = fallbackText === undefined
    ? []
    : [`Without it: ${escaped(fallbackText)}.`];
  return [`.It ${flags.join(" , ")}`, sentences(help), ...fallback].join("\n");
}

/** An item of a list whose tag is a text. */
function tagged([tag, text]: [tag: string, text: string]): string {
  return `.It ${words(tag)}\n${sentences(text)}`;
}

function list(items: string[], width: string): string {
  return `.Bl -tag -width ${width}\n${items.join("\n")}\n.El`;
}

/** What an example does, before it. */
function caption(meaning: string): string {
  const text = escaped(meaning[0].toUpperCase() + meaning.slice(1));
  return text.endsWith("?") ? text : `${text}:`;
}

/**
 * A program's man page.
 *
 * @param definition The program.
 * @param others The other programs, for SEE ALSO.
 * @param date When its content last changed, as `November 25, 2026`.
 */
export function manPage(
  definition: RoleDefinition,
  others: readonly string[],
  date: string,
): string {
  const { role, purpose, positionals, options, examples, exitCodes, metrics } =
    definition;
  const groups = optionsByGroup(options).map(([title, members]) =>
    `.Ss ${title}\n${
      list(members.map(([name, option]) => item(name, option)), "Ds")
    }`
  );
  const seeAlso = others.filter((other) => other !== role).toSorted();
  const sections: [title: string, text: string][] = [
    ["NAME", `.Nm ${role}\n.Nd ${escaped(purpose.replace(/\.$/, ""))}`],
    [
      "SYNOPSIS",
      `.Nm\n.Op Ar options${
        positionals === "" ? "" : `\n.Ar ${words(positionals)}`
      }`,
    ],
    [
      "DESCRIPTION",
      [
        `.Nm\n${sentences(purpose)}`,
        ...notationText(definition).map(sentences),
      ].join("\n.Pp\n"),
    ],
    ["OPTIONS", groups.join("\n")],
    ...metrics === undefined ? [] : [[
      "METRICS",
      `What\n.Fl \\-expect\ntakes, by how a limit is written:\n${
        list(metrics.map(tagged), "100MB/s")
      }`,
    ] as [string, string]],
    [
      "EXIT STATUS",
      list(
        exitCodes.map(([code, meaning]) => tagged([String(code), meaning])),
        "130",
      ),
    ],
    [
      "EXAMPLES",
      examples.map(([args, meaning]) =>
        `${caption(meaning)}\n` +
        `.Dl ${words(`${role} ${args}`.trimEnd())}`
      ).join("\n.Pp\n"),
    ],
    ["SEE ALSO", seeAlso.map((other) => `.Xr ${other} 1`).join(" ,\n")],
  ];
  return [
    `.Dd ${date}`,
    `.Dt ${role.toUpperCase()} 1`,
    ".Os echosounder",
    ...sections.map(([title, text]) => `.Sh ${title}\n${text}`),
    "",
  ].join("\n");
}

/** A page without its date, to see whether anything else has changed. */
export function withoutDate(page: string): string {
  return page.replace(/^\.Dd .*\n/, "");
}
