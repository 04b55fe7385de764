/**
 * The project's pages: their headings, links and fenced blocks.
 *
 * @module
 */
import { ROOT } from "../setup/process.ts";

/** Folders that hold no page of the project. */
const OTHER_FOLDERS = [".git", "node_modules", "dist", "coverage"];

/** A fenced block. */
export interface Block {
  /** Where it begins, such as `README.md:12`. */
  place: string;
  /** What follows the fence: `sh`, `json`, or nothing for what a command prints. */
  language: string;
  /** Its lines. */
  text: string;
  /** The comments on the lines right before it, such as `not run: takes an hour`. */
  notes: string[];
}

/** A link, or a picture. */
export interface Link {
  /** Where it is, such as `README.md:12`. */
  place: string;
  /** What it points to, as it is written. */
  target: string;
}

/** A page. */
export interface Page {
  /** Its path in the project, such as `docs/tutorial.md`. */
  path: string;
  /** The names of its headings, as a link has them after `#`. */
  anchors: string[];
  /** Its links and pictures. */
  links: Link[];
  /** Its fenced blocks. */
  blocks: Block[];
}

/** The anchor of a heading, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** Reads a page's text. */
export function parsePage(path: string, text: string): Page {
  const page: Page = { path, anchors: [], links: [], blocks: [] };
  const seen = new Map<string, number>();
  let notes: string[] = [];
  let open: Block | undefined;
  let fence = "";
  let prose = "";
  let proseLine = 1;
  const endProse = () => {
    // A link's text may run over the end of a line.
    const code = prose.replaceAll(
      /`[^`]*`/g,
      (span) => " ".repeat(span.length),
    );
    for (const { index, 1: target } of code.matchAll(/\]\(([^()\s]*)\)/g)) {
      const line = proseLine + code.slice(0, index).split("\n").length - 1;
      page.links.push({ place: `${path}:${line}`, target });
    }
    prose = "";
  };
  text.split("\n").forEach((line, index) => {
    if (open !== undefined) {
      if (line.trim() === fence) {
        page.blocks.push(open);
        open = undefined;
        proseLine = index + 2;
      } else open.text += `${line.slice(/^ */.exec(fence)![0].length)}\n`;
      return;
    }
    const fenced = /^ *(`{3,})(\S*)$/.exec(line);
    if (fenced !== null) {
      endProse();
      fence = fenced[1];
      const place = `${path}:${index + 1}`;
      open = { place, language: fenced[2], text: "", notes };
      notes = [];
      return;
    }
    prose += `${line}\n`;
    const heading = /^#{1,6} +(.*)$/.exec(line);
    if (heading !== null) {
      const anchor = anchorOf(heading[1]);
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      page.anchors.push(times === 0 ? anchor : `${anchor}-${times}`);
    }
    const note = /^ *<!-- (.*) -->$/.exec(line);
    if (note !== null) notes.push(note[1]);
    else if (line.trim() !== "") notes = [];
  });
  if (open !== undefined) throw new Error(`${path}: a block has no end`);
  endProse();
  return page;
}

function* pathsIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(ROOT + folder)) {
    if (isDirectory) {
      if (!OTHER_FOLDERS.includes(name)) yield* pathsIn(`${folder}${name}/`);
    } else if (name.endsWith(".md")) yield folder + name;
  }
}

/** All pages of the project. */
export const PAGES: readonly Page[] = [...pathsIn("")].toSorted().map((path) =>
  parsePage(path, Deno.readTextFileSync(ROOT + path))
);

/** The page at a path. */
export function pageAt(path: string): Page {
  const page = PAGES.find((page) => page.path === path);
  if (page === undefined) throw new Error(`there is no ${path}`);
  return page;
}
