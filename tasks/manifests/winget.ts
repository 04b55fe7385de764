/**
 * The manifests for winget, as its JSON Schemas 1.10.0 have them.
 *
 * @module
 */
import { stringify } from "@std/yaml/stringify";
import { ROLES } from "../../cli/roles.ts";
import { archivesFor, type Manifest, type Release } from "./release.ts";

const MANIFEST_VERSION = "1.10.0";

/** The three manifests for winget: version, installers and texts. */
export function wingetManifests(release: Release): Manifest[] {
  const { publisher, version } = release;
  const identifier = `${publisher}.echosounder`;
  const write = (
    suffix: string,
    type: string,
    content: Record<string, unknown>,
  ): Manifest => {
    const schema =
      `https://aka.ms/winget-manifest.${type}.${MANIFEST_VERSION}.schema.json`;
    const text = stringify({
      PackageIdentifier: identifier,
      PackageVersion: version,
      ...content,
      ManifestType: type,
      ManifestVersion: MANIFEST_VERSION,
    }, { lineWidth: -1 });
    return {
      // The folders of the community's repository.
      path: `winget/${publisher[0].toLowerCase()}/${publisher}/echosounder/` +
        `${version}/${identifier}${suffix}.yaml`,
      text: `# yaml-language-server: $schema=${schema}\n${text}`,
    };
  };
  return [
    write("", "version", { DefaultLocale: "en-US" }),
    write(".installer", "installer", {
      InstallerType: "zip",
      NestedInstallerType: "portable",
      NestedInstallerFiles: ROLES.map(({ role }) => ({
        RelativeFilePath: `${role}.exe`,
        PortableCommandAlias: role,
      })),
      Commands: ROLES.map(({ role }) => role),
      Installers: archivesFor(release, "windows").map((
        { processor, url, sha256 },
      ) => ({
        Architecture: processor,
        InstallerUrl: url,
        InstallerSha256: sha256.toUpperCase(),
      })),
    }),
    write(".locale.en-US", "defaultLocale", {
      PackageLocale: "en-US",
      Publisher: publisher,
      PackageName: "echosounder",
      PackageUrl: release.homepage,
      License: release.license,
      ShortDescription: release.description,
      Tags: ["benchmark", "echo", "latency", "network", "tcp", "udp"],
    }),
  ];
}
