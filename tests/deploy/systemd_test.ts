/**
 * The units in `deploy/systemd/`, as systemd itself judges them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { basename } from "node:path";
import { parseCommandLine } from "../../cli/command_line/parse.ts";
import { ROLES } from "../../cli/roles.ts";
import { ROOT, TestProcess } from "../setup/process.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const FOLDER = `${ROOT}deploy/systemd/`;

/** Where the units expect the programs. */
const PROGRAMS = "/usr/local/bin";

/** The most exposure that systemd may find, in tenths: 100 is the worst. */
const MOST_EXPOSED = 15;

/** Each unit file, and the names of the units that come from it. */
const UNITS: Record<string, string[]> = {
  "echosounder-tcp-server.service": ["echosounder-tcp-server.service"],
  "echosounder-udp-server.service": ["echosounder-udp-server.service"],
  "echosounder-probe@.service": [
    "echosounder-probe@tcp.service",
    "echosounder-probe@udp.service",
  ],
};

/** Runs systemd-analyze on units, whose programs are in a folder of the test. */
async function analyze(args: string[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    for (const { role } of ROLES) {
      await Deno.symlink("/bin/true", `${folder}/${role}`);
    }
    const units: string[] = [];
    for (const [file, names] of Object.entries(UNITS)) {
      const text = await Deno.readTextFile(FOLDER + file);
      for (const name of names) {
        units.push(`${folder}/${name}`);
        await Deno.writeTextFile(
          units.at(-1)!,
          text.replaceAll(PROGRAMS, folder),
        );
      }
    }
    await using process = new TestProcess([
      ...["systemd-analyze", ...args, ...units],
    ]);
    const { code, stdout, stderr } = await process.outcome();
    assertEquals([code, stderr], [0, ""], stdout);
    return stdout;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const HAS_SYSTEMD = isInstalled("systemd-analyze");

testWhere(
  HAS_SYSTEMD,
  "needs systemd-analyze",
  "systemd finds nothing wrong in the units",
  async () => {
    assertEquals(await analyze(["verify"]), "");
  },
);

testWhere(
  HAS_SYSTEMD,
  "needs systemd-analyze",
  `systemd finds each unit exposed to ${MOST_EXPOSED / 10} of 10 at most`,
  async () => {
    const report = await analyze([
      ...["security", "--offline=true", `--threshold=${MOST_EXPOSED}`],
    ]);
    const levels = report.match(/Overall exposure level for .*: \d+\.\d/g);
    assertEquals(levels?.length, Object.values(UNITS).flat().length, report);
  },
);

Deno.test("there is no other unit than those that are tested", () => {
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name);
  assertEquals(files.toSorted(), Object.keys(UNITS).toSorted());
});

for (const [file, names] of Object.entries(UNITS)) {
  Deno.test(`the command lines of ${file}, with its default options and its example's, are what the programs take`, async () => {
    const text = await Deno.readTextFile(FOLDER + file);
    const [, command] = /^ExecStart=(.*)$/m.exec(text)!;
    const options = [
      ...text.matchAll(/^(?:#\s+|Environment="?)OPTIONS=(.*?)"?$/gm),
    ]
      .map(([, options]) => options);
    assertEquals(options.length, 2);
    for (const name of names) {
      const instance = /@(\w+)\./.exec(name)?.[1] ?? "";
      for (const option of options) {
        const [program, ...args] = command.replaceAll("%i", instance)
          .replace("$OPTIONS", option).split(/\s+/).filter((word) => word);
        const definition = ROLES.find(({ role }) => role === basename(program));
        const { problem } = parseCommandLine(definition!, args);
        assertEquals(problem, undefined, `${program} ${args.join(" ")}`);
      }
    }
  });
}
