/**
 * Writes the npm package: the four programs as bundles, and what starts each on
 * the Deno that npm brings.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import configuration from "../deno.json" with { type: "json" };
import { DONE, FAILED, USAGE } from "../cli/exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  optionalValue,
  type OptionValues,
  value,
} from "../cli/command_line/options.ts";
import { type Role, ROLES } from "../cli/roles.ts";
import { bundle } from "./compile/bundle.ts";
import { RUN_BUNDLE } from "./compile/target.ts";
import { entryModule, ROLE_ENVIRONMENT } from "./entry_module.ts";
import { runTask } from "./task.ts";
import { webAddress } from "./web_address.ts";

const PACK = {
  role: "pack",
  purpose: "writes the npm package, ready for npm pack or npm publish.",
  positionals: "",
  options: {
    "out": value({
      placeholder: "DIR",
      fallback: "dist/npm",
      parse: (text) => text,
      help: "The folder to write to; what it held is replaced.",
    }),
    "repository": optionalValue({
      placeholder: "URL",
      parse: webAddress,
      help: "Where the source is: npm shows it, and provenance needs it.",
    }),
    "help": flag("Show this help.", "h"),
  },
  examples: [
    ["", "the package, in dist/npm"],
    ["--out /tmp/package", "the same, elsewhere"],
  ],
  exitCodes: [
    [DONE, "the package was written"],
    [FAILED, "it could not be written"],
    [USAGE, "the command line was wrong"],
  ],
} satisfies CommandDefinition;

/** What is in the package as it is in the repository, and its name there. */
const COPIED: [from: string, to: string][] = [
  ["../LICENSE", "LICENSE"],
  ["pack/README.md", "README.md"],
  ["pack/start.js", "start.js"],
];

/** A program's file that npm puts on the path. */
function startFile(role: Role): string {
  const flags = JSON.stringify(RUN_BUNDLE);
  const variables = JSON.stringify({
    ...ROLE_ENVIRONMENT,
    DENO_NO_UPDATE_CHECK: "1",
  });
  return `#!/usr/bin/env node
import { start } from "../start.js";

start("${role}", ${flags}, ${variables});
`;
}

function packageDescription(repository: string | undefined) {
  return {
    name: "echosounder",
    version: configuration.version,
    description:
      "Test and measure a TCP or UDP path with echo traffic: two servers, two clients",
    keywords: ["tcp", "udp", "echo", "latency", "packet-loss", "benchmark"],
    license: configuration.license,
    ...repository === undefined ? {} : {
      homepage: repository,
      repository: { type: "git", url: `git+${repository}.git` },
    },
    type: "module",
    bin: Object.fromEntries(ROLES.map(({ role }) => [role, `bin/${role}.js`])),
    dependencies: { deno: Deno.version.deno },
    // What Deno's own packages are for.
    engines: { node: ">=18" },
    os: ["darwin", "linux", "win32"],
    cpu: ["arm64", "x64"],
    libc: ["glibc"],
  };
}

async function pack(options: OptionValues<typeof PACK.options>) {
  const { out, repository } = options;
  // A program that is no longer made does not stay in the package.
  for (const folder of ["bin", "programs"]) {
    await Deno.remove(join(out, folder), { recursive: true }).catch(() => {});
    await Deno.mkdir(join(out, folder), { recursive: true });
  }
  for (const [from, to] of COPIED) {
    const path = fileURLToPath(new URL(from, import.meta.url));
    await Deno.writeFile(join(out, to), await Deno.readFile(path));
  }
  for (const { role } of ROLES) {
    await Deno.writeTextFile(join(out, `bin/${role}.js`), startFile(role), {
      mode: 0o755,
    });
    const program = join(out, `programs/${role}.mjs`);
    await bundle(entryModule(role), program);
    const { size } = await Deno.stat(program);
    console.log(`${role}  ${(size / 1000).toFixed(0)} KB`);
  }
  await Deno.writeTextFile(
    join(out, "package.json"),
    JSON.stringify(packageDescription(repository), null, 2) + "\n",
  );
  console.log(`\nWritten to ${out}: npm pack ./${out}`);
}

await runTask(PACK, async ({ options }) => {
  await pack(options);
  return DONE;
});
