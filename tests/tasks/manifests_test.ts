import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml/parse";
import { Ajv2020 } from "ajv";
import { join } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import { ROLES } from "../../cli/roles.ts";
import { ROOT, TestProcess } from "../setup/process.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const { version } = configuration;
const ADDRESS =
  `https://github.com/OWNER/echosounder/releases/download/v${version}`;
const ALL = [
  "echosounder-linux-arm64.tar.gz",
  "echosounder-linux-x64.tar.gz",
  "echosounder-macos-arm64.tar.gz",
  "echosounder-windows-arm64.zip",
  "echosounder-windows-x64.zip",
];

/** A hash that belongs to a file's name. */
const hashOf = (name: string) =>
  [...name].map((letter) => letter.charCodeAt(0).toString(16)).join("")
    .slice(-64).padStart(64, "0");

/** Runs the task on the checksums of such files; its files by their paths. */
async function manifests(
  sums: string | string[],
  args: string[] = ["--url", ADDRESS],
) {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "SHA256SUMS");
    const text = typeof sums === "string"
      ? sums
      : sums.map((name) => `${hashOf(name)}  ${name}\n`).join("");
    await Deno.writeTextFile(file, text);
    const out = join(folder, "out");
    await using process = new TestProcess([
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-all",
      `${ROOT}tasks/manifests.ts`,
      ...["--sums", file, "--out", out, ...args],
    ]);
    const outcome = await process.outcome();
    const files = new Map<string, string>();
    const read = (path: string) => {
      for (const { name, isDirectory } of Deno.readDirSync(join(out, path))) {
        const inside = path === "" ? name : `${path}/${name}`;
        if (isDirectory) read(inside);
        else files.set(inside, Deno.readTextFileSync(join(out, inside)));
      }
    };
    if (outcome.code === 0) read("");
    return { ...outcome, files };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const OBJECT = { type: "object", additionalProperties: false };
const WEB_ADDRESS = { type: "string", pattern: "^https?://.+$" };
const HASH = { type: "string", pattern: "^[A-Fa-f0-9]{64}$" };

/** An object that has all these properties and no others. */
const exactly = (properties: Record<string, unknown>) => ({
  ...OBJECT,
  properties,
  required: Object.keys(properties),
});

/** What scoop's schema says of the properties that are used here. */
const SCOOP = exactly({
  version: { type: "string", pattern: "^[\\w.\\-+_]+$" },
  description: { type: "string" },
  homepage: WEB_ADDRESS,
  license: { type: "string" },
  architecture: {
    ...OBJECT,
    patternProperties: {
      "^(64bit|arm64)$": exactly({ url: WEB_ADDRESS, hash: HASH }),
    },
    minProperties: 1,
  },
  bin: { type: "array", items: { type: "string" }, minItems: 1 },
  checkver: exactly({ github: WEB_ADDRESS }),
  autoupdate: exactly({
    architecture: {
      ...OBJECT,
      patternProperties: {
        "^(64bit|arm64)$": exactly({
          url: { type: "string", pattern: "\\$version" },
        }),
      },
    },
    hash: exactly({
      url: { type: "string", pattern: "^\\$baseurl.[\\w\\d]+$" },
    }),
  }),
});

/** What every manifest of winget has. */
const WINGET_FRAME = (type: string) => ({
  PackageIdentifier: {
    type: "string",
    pattern: '^[^.\\s\\\\/:*?"<>|]{1,32}(\\.[^.\\s\\\\/:*?"<>|]{1,32}){1,7}$',
  },
  PackageVersion: { type: "string", maxLength: 128 },
  ManifestType: { const: type },
  ManifestVersion: { const: "1.10.0" },
});

/** What winget's schemas say of the properties that are used here. */
const WINGET = {
  "": exactly({
    ...WINGET_FRAME("version"),
    DefaultLocale: { const: "en-US" },
  }),
  ".installer": exactly({
    ...WINGET_FRAME("installer"),
    InstallerType: { const: "zip" },
    NestedInstallerType: { const: "portable" },
    NestedInstallerFiles: {
      type: "array",
      items: exactly({
        RelativeFilePath: { type: "string", minLength: 1, maxLength: 512 },
        PortableCommandAlias: { type: "string", minLength: 1, maxLength: 40 },
      }),
    },
    Commands: {
      type: "array",
      items: { type: "string", minLength: 1, maxLength: 40 },
      maxItems: 16,
      uniqueItems: true,
    },
    Installers: {
      type: "array",
      minItems: 1,
      items: exactly({
        Architecture: { enum: ["x64", "arm64"] },
        InstallerUrl: { ...WEB_ADDRESS, maxLength: 2048 },
        InstallerSha256: HASH,
      }),
    },
  }),
  ".locale.en-US": exactly({
    ...WINGET_FRAME("defaultLocale"),
    PackageLocale: { const: "en-US" },
    Publisher: { type: "string", minLength: 2, maxLength: 256 },
    PackageName: { type: "string", minLength: 2, maxLength: 256 },
    PackageUrl: { ...WEB_ADDRESS, maxLength: 2048 },
    License: { type: "string", minLength: 3, maxLength: 512 },
    ShortDescription: { type: "string", minLength: 3, maxLength: 256 },
    Tags: {
      type: "array",
      items: { type: "string", minLength: 1, maxLength: 40 },
      maxItems: 16,
      uniqueItems: true,
    },
  }),
};

function assertFits(schema: unknown, data: unknown): void {
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false });
  const fits = ajv.compile(schema as Record<string, unknown>);
  assertEquals(fits(data), true, JSON.stringify(fits.errors));
}

Deno.test("manifests writes one that scoop takes, with each archive for Windows and its hash", async () => {
  const { code, stderr, files } = await manifests(ALL);
  assertEquals([code, stderr], [0, ""]);
  const scoop = JSON.parse(files.get("scoop/echosounder.json")!);
  assertFits(SCOOP, scoop);
  assertEquals(scoop.version, version);
  const of = (processor: string) => {
    const name = `echosounder-windows-${processor}.zip`;
    return { url: `${ADDRESS}/${name}`, hash: hashOf(name) };
  };
  assertEquals(scoop.architecture, { "64bit": of("x64"), arm64: of("arm64") });
  assertEquals(scoop.bin, ROLES.map(({ role }) => `${role}.exe`));
  const later = scoop.autoupdate.architecture["64bit"].url;
  assertEquals(later.replaceAll("$version", version), of("x64").url);
});

Deno.test("manifests writes three that winget takes, in the folders of its repository", async () => {
  const { files } = await manifests(ALL, [
    "--url",
    ADDRESS,
    "--publisher",
    "Somebody",
  ]);
  const folder = `winget/s/Somebody/echosounder/${version}`;
  for (const [suffix, schema] of Object.entries(WINGET)) {
    const text = files.get(`${folder}/Somebody.echosounder${suffix}.yaml`);
    assert(text !== undefined, [...files.keys()].join("\n"));
    const manifest = parse(text) as Record<string, unknown>;
    assertFits(schema, manifest);
    assertEquals(manifest.PackageIdentifier, "Somebody.echosounder");
    assertEquals(manifest.PackageVersion, version);
    if (suffix !== ".installer") continue;
    assertEquals(
      manifest.Installers,
      ["arm64", "x64"].map((processor) => {
        const name = `echosounder-windows-${processor}.zip`;
        return {
          Architecture: processor,
          InstallerUrl: `${ADDRESS}/${name}`,
          InstallerSha256: hashOf(name).toUpperCase(),
        };
      }),
    );
    assertEquals(manifest.Commands, ROLES.map(({ role }) => role));
  }
});

/** Stands for Homebrew: it reads a formula, and prints what was said to it. */
const FORMULA_READER = `
require "json"
SAID = []
class Formula
  def self.said(name, args, block)
    SAID << [name, *args.map(&:inspect)]
    class_eval(&block) if block && name != :test
  end
  %i[desc homepage version license url sha256 depends_on on_macos on_linux
     on_intel on_arm test].each do |name|
    define_singleton_method(name) { |*args, &block| said(name, args, block) }
  end
end
load ARGV[0]
puts SAID.map { |words| words.join(" ") }
`;

testWhere(
  isInstalled("ruby"),
  "ruby is not installed",
  "manifests writes a formula that Ruby reads, with each archive for Linux and macOS and its hash",
  async () => {
    const { files } = await manifests(ALL);
    const folder = await Deno.makeTempDir();
    try {
      const file = join(folder, "echosounder.rb");
      await Deno.writeTextFile(file, files.get("homebrew/echosounder.rb")!);
      const ruby = new TestProcess(["ruby", "-W", "-e", FORMULA_READER, file]);
      const { code, stdout, stderr } = await ruby.outcome();
      assertEquals([code, stderr], [0, ""]);
      const archive = (system: string) => {
        const name = `echosounder-${system}.tar.gz`;
        return [`url "${ADDRESS}/${name}"`, `sha256 "${hashOf(name)}"`];
      };
      assertEquals(stdout.trimEnd().split("\n"), [
        'desc "Test and measure a TCP or UDP path with echo traffic"',
        'homepage "https://github.com/OWNER/echosounder"',
        `version "${version}"`,
        'license "MIT"',
        "on_macos",
        "on_arm",
        ...archive("macos-arm64"),
        "depends_on {:arch=>:arm64}",
        "on_linux",
        "on_arm",
        ...archive("linux-arm64"),
        "on_intel",
        ...archive("linux-x64"),
        "test",
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("manifests says what it has no archive for, and promises macOS nothing", async () => {
  const { code, stdout, files } = await manifests([
    "echosounder-linux-x64.tar.gz",
  ]);
  assertEquals(code, 0);
  assertEquals([...files.keys()], ["homebrew/echosounder.rb"]);
  assert(stdout.includes("No archive for Windows"), stdout);
  const formula = files.get("homebrew/echosounder.rb")!;
  assert(formula.includes("\n  depends_on :linux\n"), formula);
  assert(!formula.includes("macos"), formula);
});

for (
  const [name, sums, args, code, message] of [
    [
      "a list without archives",
      ["tcp-server.exe"],
      ["--url", ADDRESS],
      1,
      "SHA256SUMS names no archive",
    ],
    [
      "what is no list of checksums",
      "<html>\n",
      ["--url", ADDRESS],
      1,
      'not a line of SHA256SUMS: "<html>"',
    ],
    ["no --url", ALL, [], 2, "--url is missing"],
    [
      "an address that is none",
      ALL,
      ["--url", "example.org/files"],
      2,
      '"example.org/files" is not an address on the web',
    ],
    [
      "no homepage where it cannot know one",
      ALL,
      ["--url", "https://example.org/files"],
      2,
      "--homepage is missing",
    ],
    [
      "a publisher that winget does not take",
      ALL,
      ["--url", ADDRESS, "--publisher", "a b"],
      2,
      '"a b" is not a publisher',
    ],
  ] as [string, string | string[], string[], number, string][]
) {
  Deno.test(`manifests refuses ${name}, and says so in a line`, async () => {
    const outcome = await manifests(sums, args);
    assertEquals(outcome.code, code, outcome.stderr);
    assert(outcome.stderr.includes(message), outcome.stderr);
  });
}
