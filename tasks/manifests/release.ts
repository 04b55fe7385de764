/**
 * A release, as package managers need to know it.
 *
 * @module
 */
import { TaskError } from "../task.ts";

/** One file of a release that holds the four programs for a system. */
export interface Archive {
  /** The system. */
  system: "linux" | "macos" | "windows";
  /** The processor. */
  processor: "x64" | "arm64";
  /** Where it is. */
  url: string;
  /** Its hash, in hexadecimal. */
  sha256: string;
}

/** What manifests say. */
export interface Release {
  /** The version, without a `v`. */
  version: string;
  /** Where the project is. */
  homepage: string;
  /** Who publishes it, as winget names it. */
  publisher: string;
  /** The license, by its SPDX name. */
  license: string;
  /** What it is, in a line. */
  description: string;
  /** Where its files are. */
  address: string;
  /** Its archives. */
  archives: Archive[];
}

/** A manifest. */
export interface Manifest {
  /** Its path among the manifests. */
  path: string;
  /** Its text. */
  text: string;
}

/** The names of archives in a release. */
const ARCHIVE_NAME =
  /^echosounder-(?:(linux|macos)-(x64|arm64)\.tar\.gz|(windows)-(x64|arm64)\.zip)$/;

/**
 * Finds a release's archives among its checksums.
 *
 * @param sums The text of its `SHA256SUMS`.
 * @param address Where its files are.
 * @throws {TaskError} Where the text is no list of checksums, or names no archive.
 */
export function readArchives(sums: string, address: string): Archive[] {
  const archives: Archive[] = [];
  for (const line of sums.split(/\r?\n/).filter((line) => line !== "")) {
    const parts = /^([0-9a-f]{64}) [ *](\S.*)$/.exec(line);
    if (parts === null) {
      throw new TaskError(`not a line of SHA256SUMS: ${JSON.stringify(line)}`);
    }
    const [, sha256, file] = parts;
    const match = ARCHIVE_NAME.exec(file);
    if (match === null) continue;
    archives.push({
      system: (match[1] ?? match[3]) as Archive["system"],
      processor: (match[2] ?? match[4]) as Archive["processor"],
      url: `${address}/${file}`,
      sha256,
    });
  }
  if (archives.length === 0) {
    throw new TaskError(
      "SHA256SUMS names no archive: echosounder-linux-x64.tar.gz, echosounder-windows-x64.zip, …",
    );
  }
  return archives;
}

/** A release's archives for a system. */
export function archivesFor(
  { archives }: Release,
  system: Archive["system"],
): Archive[] {
  return archives.filter((archive) => archive.system === system);
}

/** The project's page, where a release's files are on GitHub. */
export function projectOnGitHub(address: string): string | undefined {
  return /^(https:\/\/github\.com\/[^/]+\/[^/]+)\/releases\/download\//.exec(
    address,
  )?.[1];
}
