import { assert, assertEquals } from "@std/assert";
import { optionalValue } from "../../cli/command_line/options.ts";
import { ROLES, UDP_CLIENT } from "../../cli/roles.ts";
import { manPage, withoutDate } from "../../tasks/man/man_page.ts";
import { ROOT } from "../setup/process.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const NAMES = ROLES.map(({ role }) => role);

/** What a program printed, on both outputs, and whether it succeeded. */
async function run(
  program: string,
  args: string[],
): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { MANWIDTH: "80", MAN_KEEP_FORMATTING: "", LC_ALL: "C" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** mandoc has no option that prints its version. */
const HAS_MANDOC = await run("mandoc", ["-Tlint", `${ROOT}man/tcp-client.1`])
  .then(() => true, () => false);

for (const definition of ROLES) {
  const { role, options, examples, metrics } = definition;
  const file = `${ROOT}man/${role}.1`;

  Deno.test(`man/${role}.1 is what its options generate (deno task man)`, async () => {
    const page = await Deno.readTextFile(file);
    assertEquals(
      withoutDate(page),
      withoutDate(manPage(definition, NAMES, "January 1, 2000")),
    );
    assert(/^\.Dd [A-Z][a-z]+ \d{1,2}, \d{4}\n/.test(page), page.slice(0, 50));
  });

  testWhere(
    HAS_MANDOC,
    "mandoc is not installed",
    `mandoc finds nothing wrong with man/${role}.1`,
    async () => {
      assertEquals(await run("mandoc", ["-Tlint", "-Wwarning", file]), {
        success: true,
        text: "",
      });
    },
  );

  testWhere(
    isInstalled("man"),
    "man is not installed",
    `man shows ${role}(1) with its sections, options and examples`,
    async () => {
      const { success, text } = await run("man", [
        "--local-file",
        "--no-hyphenation",
        "--no-justification",
        "--warnings=w",
        file,
      ]);
      assert(success, text);
      const sections = text.split("\n").filter((line) =>
        /^[A-Z]+( [A-Z]+)*$/.test(line)
      );
      assertEquals(sections, [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        ...metrics === undefined ? [] : ["METRICS"],
        "EXIT STATUS",
        "EXAMPLES",
        "SEE ALSO",
      ]);
      const words = text.replaceAll(/\s+/g, " ");
      for (const [name, { short, placeholder }] of Object.entries(options)) {
        const value = placeholder === undefined ? "" : ` ${placeholder}`;
        const letter = short === undefined ? "" : `-${short}${value}, `;
        assert(words.includes(` ${letter}--${name}${value} `), name);
      }
      for (const [args] of examples) {
        assert(words.includes(` ${role} ${args}`.trimEnd()), args);
      }
      for (const [, names] of metrics ?? []) {
        assert(words.includes(names), names);
      }
      const seen = words.split("SEE ALSO")[1];
      for (const other of NAMES.filter((each) => each !== role)) {
        assert(seen.includes(`${other}(1)`), other);
      }
    },
  );
}

testWhere(
  HAS_MANDOC,
  "mandoc is not installed",
  "what roff would take for its own is shown as it is",
  async () => {
    const file = await Deno.makeTempFile({ suffix: ".1" });
    try {
      const page = manPage(
        {
          ...UDP_CLIENT,
          options: {
            "odd": optionalValue({
              placeholder: "Ar",
              parse: (text) => text,
              help: ".Sh is no section, nor is \\e a backslash.",
            }),
          },
          examples: [["Fl --odd='Op \"x\"'", "'quoted"]],
        },
        NAMES,
        "January 1, 2000",
      );
      await Deno.writeTextFile(file, page);
      assertEquals(
        (await run("mandoc", ["-Tlint", "-Wwarning", file])).text,
        "",
      );
      const { text } = await run("mandoc", ["-Tascii", file]);
      // Bold and underlined, each character is struck twice.
      // deno-lint-ignore no-control-regex -- that is a backspace
      const plain = text.replaceAll(/.\x08/g, "").replaceAll(/\s+/g, " ");
      assert(
        plain.includes("--odd Ar .Sh is no section, nor is \\e a backslash."),
        plain,
      );
      assert(plain.includes(`'quoted: udp-client Fl --odd='Op "x"'`), plain);
    } finally {
      await Deno.remove(file);
    }
  },
);
