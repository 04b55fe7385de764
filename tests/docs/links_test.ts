/**
 * No link of a page leads nowhere, and no command names a task that there is not.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import { ROOT } from "../setup/process.ts";
import { anchorOf, PAGES, parsePage } from "./markdown.ts";

/** Where a link of a page leads to, unless that is another site. */
function destination(path: string, target: string) {
  if (/^https?:\/\/[^/\s]+\.[^/\s]+/.test(target)) return undefined;
  const url = new URL(target, `file:///${path}`);
  return {
    file: decodeURIComponent(url.pathname.slice(1)),
    anchor: decodeURIComponent(url.hash.slice(1)),
  };
}

/** Whether a file has the line that an anchor such as `L12` names. */
function hasLine(file: string, anchor: string): boolean {
  const [, line] = /^L(\d+)$/.exec(anchor) ?? [];
  if (line === undefined) return false;
  const lines = Deno.readTextFileSync(`${ROOT}${file}`).split("\n");
  return Number(line) >= 1 && Number(line) <= lines.length;
}

/** Whether a file or folder is there, with its name written as the link has it. */
function exists(file: string): boolean {
  return file.split("/").filter((name) => name !== "").every((name, i, all) => {
    const folder = all.slice(0, i).join("/");
    return [...Deno.readDirSync(`${ROOT}${folder}`)]
      .some((entry) => entry.name === name);
  });
}

Deno.test("every link in every page leads to a file, or a heading, that is there", () => {
  const broken: string[] = [];
  for (const { path, links } of PAGES) {
    for (const { place, target } of links) {
      const to = destination(path, target);
      if (to === undefined) continue;
      const page = PAGES.find((page) => page.path === to.file);
      const isThere = exists(to.file) &&
        (to.anchor === "" ||
          (page?.anchors.includes(to.anchor) ??
            hasLine(to.file, to.anchor)));
      if (!isThere) broken.push(`${place}: ${target}`);
    }
  }
  assertEquals(broken, []);
  const count = PAGES.flatMap(({ links }) => links).length;
  assert(count > 30, `${count} links were read`);
});

Deno.test("every page under docs/ is linked from the README, or from a page that it links", () => {
  const reached = new Set(["README.md"]);
  // A set grows while it is walked.
  for (const path of reached) {
    const page = PAGES.find((page) => page.path === path);
    for (const { target } of page?.links ?? []) {
      const to = destination(path, target);
      if (to !== undefined) reached.add(to.file);
    }
  }
  const unknown = PAGES.map(({ path }) => path).filter((path) =>
    !reached.has(path) &&
    !["tests/", "tasks/"].some((folder) => path.startsWith(folder))
  );
  assertEquals(unknown, []);
});

Deno.test("every `deno task` that a page names is a task", async () => {
  const unknown: string[] = [];
  for (const { path } of PAGES) {
    const text = await Deno.readTextFile(ROOT + path);
    const tasks = text.matchAll(
      /\b(?:deno|deno@[\d.]+)\s+task\s+(?:--quiet\s+)?([\w:-]+)/g,
    );
    for (const [, name] of tasks) {
      if (!Object.hasOwn(configuration.tasks, name)) {
        unknown.push(`${path}: ${name}`);
      }
    }
  }
  assertEquals(unknown, []);
});

Deno.test("links, headings and blocks of a page are read as GitHub does", () => {
  const page = parsePage(
    "a.md",
    [
      "# A `b` (c), d!",
      "## One",
      "## One",
      "[text over",
      "two lines](b.md#c) and `[code](no.md)`",
      "<!-- not run: why -->",
      "",
      "```sh",
      "[in a block](no.md)",
      "```",
    ].join("\n"),
  );
  assertEquals(page, {
    path: "a.md",
    anchors: ["a-b-c-d", "one", "one-1"],
    links: [{ place: "a.md:5", target: "b.md#c" }],
    blocks: [{
      place: "a.md:8",
      language: "sh",
      text: "[in a block](no.md)\n",
      notes: ["not run: why"],
    }],
  });
  assertEquals(anchorOf("用法：一次"), "用法一次");
});
