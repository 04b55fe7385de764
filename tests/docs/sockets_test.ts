/**
 * The pages on sockets say what the code says, in both languages.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ROLES } from "../../cli/roles.ts";
import { renewQuotations } from "../../tasks/quotes/page.ts";
import { exampleFile } from "../setup/example.ts";
import { ROOT } from "../setup/process.ts";

const read = (path: string) => Deno.readTextFileSync(ROOT + path);

const ENGLISH = "docs/sockets.md";
const CHINESE = "docs/sockets.zh.md";
const PAGES = [ENGLISH, CHINESE];

/** The calls that the pages go through. */
const CALLS = [
  "WSAStartup",
  "getaddrinfo",
  "socket",
  "bind",
  "listen",
  "accept",
  "connect",
  "send",
  "recv",
  "shutdown(SD_SEND)",
  "closesocket",
  "sendto",
  "recvfrom",
  "WSACleanup",
];

const C_PROGRAMS = ROLES.map(({ role }) =>
  `tests/windows/winsock/teaching/${role.replace("-", "_")}.c`
);

/** The blocks of code, each with its language. */
function blocksOf(page: string): string[] {
  return page.match(/^```\w+\n[^]*?^```$/gm) ?? [];
}

/** Where the links outside of code lead. */
function linksOf(page: string): string[] {
  const prose = blocksOf(page).reduce(
    (text, block) => text.replace(block, ""),
    page,
  );
  return [...prose.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
}

/** The levels of the headings outside of code. */
function headingLevelsOf(page: string): number[] {
  return [...page.matchAll(/^(#+) /gm)].map(([, marks]) => marks.length);
}

for (const name of PAGES) {
  const page = read(name);

  Deno.test(`the code that ${name} shows stands where it says (deno task quotes)`, () => {
    const { renewed, lost } = renewQuotations(page, read);
    assertEquals({ renewed, lost }, { renewed: [], lost: [] });
  });

  Deno.test(`every line that ${name} links to is shown under the link`, () => {
    const toLines = linksOf(page).filter((link) => link.includes("#L"));
    assert(toLines.length > 25, `${toLines.length} links`);
    // With every file empty, each quotation is lost.
    const { lost } = renewQuotations(page, () => "");
    assertEquals(lost.length, toLines.length);
  });

  Deno.test(`every file that ${name} links to is there`, () => {
    for (const link of linksOf(page)) {
      if (!link.startsWith("#")) {
        Deno.statSync(`${ROOT}docs/${link.split("#")[0]}`);
      }
    }
  });

  Deno.test(`the links within ${name} lead to its headings`, () => {
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      "#" +
      heading.toLowerCase().replace(/[^\p{L}\p{N} -]/gu, "").replaceAll(
        " ",
        "-",
      )
    );
    for (const link of linksOf(page)) {
      if (link.startsWith("#")) assert(headings.includes(link), link);
    }
  });

  Deno.test(`${name} goes through every call, in order`, () => {
    const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, call]) => call);
    assertEquals(headings.slice(0, CALLS.length), CALLS);
  });

  Deno.test(`${name} shows the examples and the C programs whole`, () => {
    const shown = blocksOf(page).map((block) =>
      block.replace(/^```\w+\n/, "").replace(/```$/, "")
    );
    const files = [
      ...ROLES.map(({ role }) => exampleFile(role)),
      ...C_PROGRAMS,
    ];
    for (const file of files) assert(shown.includes(read(file)), file);
  });

  Deno.test(`the commands that ${name} shows are those of the files here`, () => {
    const lines = blocksOf(page).filter((block) => block.startsWith("```sh"))
      .flatMap((block) => block.split("\n").slice(1, -1));
    const run = lines.flatMap((line) =>
      /^deno run --allow-net (\S+\.ts)(?: \S+)?$/.exec(line)?.[1] ?? []
    );
    assertEquals(
      new Set(run),
      new Set(ROLES.map(({ role }) => exampleFile(role))),
    );
  });
}

Deno.test("both pages on sockets have the same code, links and headings", () => {
  const [english, chinese] = PAGES.map(read).map((page) => ({
    blocks: blocksOf(page),
    links: linksOf(page).filter((link) =>
      link.startsWith("../") || link.includes("#L")
    ),
    headings: headingLevelsOf(page),
  }));
  assert(english.blocks.length > 40, `${english.blocks.length} blocks`);
  assertEquals(chinese, english);
});

Deno.test("both pages on sockets link to each other", () => {
  assert(linksOf(read(ENGLISH)).includes("sockets.zh.md"));
  assert(linksOf(read(CHINESE)).includes("sockets.md"));
});
