/**
 * Writes the manifests by which scoop, winget and Homebrew install a release.
 *
 * @module
 */
import { dirname, join } from "node:path";
import configuration from "../deno.json" with { type: "json" };
import { DONE, FAILED, USAGE } from "../cli/exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  optionalValue,
  type OptionValues,
  value,
} from "../cli/command_line/options.ts";
import { UsageError } from "../cli/command_line/values.ts";
import { homebrewFormula } from "./manifests/homebrew.ts";
import {
  archivesFor,
  type Manifest,
  projectOnGitHub,
  readArchives,
  type Release,
} from "./manifests/release.ts";
import { scoopManifest } from "./manifests/scoop.ts";
import { wingetManifests } from "./manifests/winget.ts";
import { runTask, TaskError } from "./task.ts";
import { webAddress } from "./web_address.ts";

/** A part of winget's identifiers. */
function publisherName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{1,31}$/.test(text)) return text;
  throw new UsageError(
    `"${text}" is not a publisher: write 2 to 32 letters, digits, - or _`,
  );
}

const MANIFESTS = {
  role: "manifests",
  purpose: "writes the manifests of a release for scoop, winget and Homebrew.",
  positionals: "",
  options: {
    "url": optionalValue({
      placeholder: "URL",
      parse: webAddress,
      help: "The folder on the web that holds the release's files. Needed.",
    }),
    "sums": value({
      placeholder: "FILE",
      fallback: "dist/SHA256SUMS",
      parse: (text) => text,
      help: "The checksums of the release's files.",
    }),
    "homepage": optionalValue({
      placeholder: "URL",
      parse: webAddress,
      help: "The project's page; known where --url is on GitHub.",
    }),
    "publisher": value({
      placeholder: "NAME",
      fallback: "echosounder",
      parse: publisherName,
      help: "The publisher's name, for winget.",
    }),
    "out": value({
      placeholder: "DIR",
      fallback: "dist/manifests",
      parse: (text) => text,
      help: "The folder to write to.",
    }),
    "help": flag("Show this help.", "h"),
  },
  examples: [
    [
      "--url https://github.com/OWNER/echosounder/releases/download/v0.1.0",
      "of the files in dist/SHA256SUMS",
    ],
  ],
  exitCodes: [
    [DONE, "the manifests were written"],
    [FAILED, "they could not be written"],
    [USAGE, "the command line was wrong"],
  ],
} satisfies CommandDefinition;

/** The manifests that a release has the archives for. */
function manifestsOf(release: Release): Manifest[] {
  const manifests: Manifest[] = [];
  if (archivesFor(release, "windows").length > 0) {
    manifests.push(scoopManifest(release), ...wingetManifests(release));
  } else console.log("No archive for Windows: nothing for scoop and winget.");
  const others = [
    ...archivesFor(release, "linux"),
    ...archivesFor(release, "macos"),
  ];
  if (others.length > 0) manifests.push(homebrewFormula(release));
  else console.log("No archive for Linux or macOS: nothing for Homebrew.");
  return manifests;
}

async function writeManifests(
  options: OptionValues<typeof MANIFESTS.options>,
): Promise<void> {
  const { url, sums, out } = options;
  if (url === undefined) throw new UsageError("--url is missing");
  const homepage = options.homepage ?? projectOnGitHub(url);
  if (homepage === undefined) {
    throw new UsageError("--homepage is missing: --url is not on GitHub");
  }
  let text: string;
  try {
    text = await Deno.readTextFile(sums);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TaskError(`${sums} is not there: deno task compile writes it`);
  }
  const manifests = manifestsOf({
    version: configuration.version,
    homepage,
    publisher: options.publisher,
    license: configuration.license,
    description: "Test and measure a TCP or UDP path with echo traffic",
    address: url,
    archives: readArchives(text, url),
  });
  for (const { path, text } of manifests) {
    const file = join(out, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text);
    console.log(file);
  }
}

await runTask(MANIFESTS, async ({ options }) => {
  await writeManifests(options);
  return DONE;
});
