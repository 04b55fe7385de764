/**
 * The manifest for scoop, as its `schema.json` has it.
 *
 * @module
 */
import { ROLES } from "../../cli/roles.ts";
import {
  type Archive,
  archivesFor,
  type Manifest,
  projectOnGitHub,
  type Release,
} from "./release.ts";

/** Scoop's names of processors. */
const PROCESSORS: Record<Archive["processor"], string> = {
  x64: "64bit",
  arm64: "arm64",
};

/** How scoop finds later releases, where it can. */
function updates({ address, version }: Release, archives: Archive[]) {
  const project = projectOnGitHub(address);
  // A release's address names its version.
  if (project === undefined || !address.includes(version)) return {};
  const later = (url: string) => url.replaceAll(version, "$version");
  return {
    checkver: { github: project },
    autoupdate: {
      architecture: Object.fromEntries(archives.map((
        { processor, url },
      ) => [PROCESSORS[processor], { url: later(url) }])),
      hash: { url: "$baseurl/SHA256SUMS" },
    },
  };
}

/** The manifest for scoop. */
export function scoopManifest(release: Release): Manifest {
  const archives = archivesFor(release, "windows");
  const manifest = {
    version: release.version,
    description: release.description,
    homepage: release.homepage,
    license: release.license,
    architecture: Object.fromEntries(archives.map((
      { processor, url, sha256 },
    ) => [PROCESSORS[processor], { url, hash: sha256 }])),
    bin: ROLES.map(({ role }) => `${role}.exe`),
    ...updates(release, archives),
  };
  return {
    path: "scoop/echosounder.json",
    text: JSON.stringify(manifest, null, 4) + "\n",
  };
}
