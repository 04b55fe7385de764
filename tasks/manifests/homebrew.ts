/**
 * The formula for Homebrew.
 *
 * @module
 */
import { ROLES } from "../../cli/roles.ts";
import {
  type Archive,
  archivesFor,
  type Manifest,
  type Release,
} from "./release.ts";

/** Homebrew's names of processors. */
const PROCESSORS: Record<Archive["processor"], [block: string, arch: string]> =
  {
    x64: ["on_intel", ":x86_64"],
    arm64: ["on_arm", ":arm64"],
  };

/** A text as Ruby writes it: nothing in it is computed. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]|#(?=[{$@])/g, "\\$&")}"`;
}

function indented(lines: string[]): string[] {
  return lines.map((line) => line === "" ? "" : `  ${line}`);
}

/** What the formula says of a system. */
function systemBlock(
  name: "on_linux" | "on_macos",
  archives: Archive[],
): string[] {
  if (archives.length === 0) return [];
  const blocks = archives.flatMap(({ processor, url, sha256 }) => [
    `${PROCESSORS[processor][0]} do`,
    ...indented([`url ${quoted(url)}`, `sha256 ${quoted(sha256)}`]),
    "end",
  ]);
  const only = archives.length === 1
    ? [`depends_on arch: ${PROCESSORS[archives[0].processor][1]}`]
    : [];
  return [`${name} do`, ...indented([...blocks, ...only]), "end", ""];
}

/** The formula for Homebrew. */
export function homebrewFormula(release: Release): Manifest {
  const macos = archivesFor(release, "macos");
  const linux = archivesFor(release, "linux");
  const only = macos.length === 0
    ? ["depends_on :linux", ""]
    : linux.length === 0
    ? ["depends_on :macos", ""]
    : [];
  const programs = ROLES.map(({ role }) => quoted(role)).join(", ");
  const lines = [
    "class Echosounder < Formula",
    ...indented([
      `desc ${quoted(release.description)}`,
      `homepage ${quoted(release.homepage)}`,
      `version ${quoted(release.version)}`,
      `license ${quoted(release.license)}`,
      "",
      ...systemBlock("on_macos", macos),
      ...systemBlock("on_linux", linux),
      ...only,
      "def install",
      `  bin.install ${programs}`,
      "end",
      "",
      "test do",
      "  port = free_port",
      '  server = spawn bin/"tcp-server", "--once", "--host", "127.0.0.1", "--port", port.to_s',
      '  client = "#{bin}/tcp-client --retry-for 10s 127.0.0.1:#{port}"',
      '  assert_match "Bytes received: 14", shell_output(client)',
      "  Process.wait server",
      "end",
    ]),
    "end",
  ];
  return { path: "homebrew/echosounder.rb", text: lines.join("\n") + "\n" };
}
