/**
 * The playbook in `deploy/ansible/`, run on boxes that are network namespaces of
 * this machine, each with an sshd.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { parseEvents } from "../setup/events.ts";
import { roleCommand, ROOT, TestProcess } from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const FOLDER = `${ROOT}deploy/ansible`;
const HAS_ANSIBLE = isInstalled("ansible-playbook");

/** The boxes that there are; `box4` is in the inventory alone. */
const BOXES = ["box1", "box2", "box3"];
const DOWN = "box4";

/** Where `boxes.sh` puts what an inventory needs. */
const BOXES_FOLDER = "/run/echosounder-demo";

/** Whether this machine can have such boxes. */
const CAN_HAVE_BOXES = HAS_ANSIBLE && isInstalled("ip") &&
  Deno.build.os === "linux" && Deno.uid() === 0 && hasNamespaces();

function hasNamespaces(): boolean {
  try {
    Deno.statSync("/usr/sbin/sshd");
    return new Deno.Command("unshare", { args: ["--net", "true"] })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** Runs a command to its end; returns what it printed. */
async function run(
  command: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  await using process = new TestProcess(command, { env });
  const { code, stdout, stderr } = await process.outcome();
  return { code, output: stdout + stderr };
}

/** The programs as files that start them from source, and the list of their SHA-256. */
async function writePrograms(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/linux`, { recursive: true });
  const info = await run([Deno.execPath(), "info", "--json"]);
  const cache = JSON.parse(info.output).denoDir;
  let sums = "";
  for (const role of ["udp-server", "udp-client"] as const) {
    const words = roleCommand(role).map((word) => `'${word}'`).join(" ");
    const text = `#!/bin/sh\nDENO_DIR='${cache}' exec ${words} "$@"\n`;
    await Deno.writeTextFile(`${folder}/linux/${role}`, text, { mode: 0o755 });
    const hash = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode(text),
    );
    sums += `${new Uint8Array(hash).toHex()}  linux/${role}\n`;
  }
  await Deno.writeTextFile(`${folder}/SHA256SUMS`, sums);
}

/** Boxes, and a folder for what is made of them. */
class Lab implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly boxes: TestProcess,
  ) {}

  static async create(): Promise<Lab> {
    const folder = await Deno.makeTempDir();
    await writePrograms(join(folder, "files"));
    const boxes = new TestProcess([
      `${FOLDER}/demo/boxes.sh`,
      String(Deno.pid),
      ...BOXES,
    ]);
    const lab = new Lab(folder, boxes);
    await until(
      () => exists(`${BOXES_FOLDER}/ready`),
      `the boxes ${boxes.stderr}`,
      20_000,
    );
    return lab;
  }

  /** A command that runs the playbook on all boxes. */
  playbook(
    variables: Record<string, unknown>,
    ...options: string[]
  ): string[] {
    const inventory = join(this.folder, "hosts.json");
    const hosts = [...BOXES, DOWN].map((name, i) => [
      name,
      { ansible_host: `198.18.77.${i + 1}`, mesh_label: `the ${name}` },
    ]);
    Deno.writeTextFileSync(
      inventory,
      JSON.stringify({
        all: {
          hosts: Object.fromEntries(hosts),
          vars: {
            ansible_port: 2222,
            ansible_user: "root",
            ansible_ssh_private_key_file: `${BOXES_FOLDER}/key`,
            ansible_ssh_common_args: [
              `-o UserKnownHostsFile=${BOXES_FOLDER}/known_hosts`,
              `-o ControlPath=${this.folder}/%h -o ConnectTimeout=2`,
            ].join(" "),
            mesh_profile: "stamp",
            mesh_seconds: 2,
            mesh_at_once: 2,
            mesh_files: join(this.folder, "files"),
            mesh_out: this.out,
            mesh_folder: `${this.folder}/on-{{ inventory_hostname }}`,
            mesh_deno: [Deno.execPath()],
            ...variables,
          },
        },
      }),
    );
    return [
      "ansible-playbook",
      ...["-i", inventory, ...options, `${FOLDER}/mesh.yml`],
    ];
  }

  /** The folder of results and report. */
  get out(): string {
    return join(this.folder, "out");
  }

  /** What is on the boxes: folders of theirs, and what runs in their networks but sshd. */
  async leftovers(): Promise<string[]> {
    const folders = [...Deno.readDirSync(this.folder)]
      .map(({ name }) => name).filter((name) => name.startsWith("on-"));
    const running: string[] = [];
    for (const box of BOXES) {
      const { output } = await run(["ip", "netns", "pids", `mesh-${box}`]);
      for (const pid of output.split("\n").filter((line) => line)) {
        const words = commandLine(pid);
        if (words !== "" && !words.includes("sshd")) running.push(words);
      }
    }
    return [...folders, ...running];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.boxes.signal("SIGTERM");
    await this.boxes.outcome();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** What a process was started with; nothing where it has ended. */
function commandLine(pid: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The results in a file of JSON Lines, by the label of their target. */
async function resultsOf(path: string) {
  return parseEvents(await Deno.readTextFile(path))
    .filter(({ event }) => event === "result")
    .map(({ of_target, passed, failure, directions }) => ({
      of: of_target,
      passed,
      failure: failure?.code,
      lost: [directions?.out?.lost, directions?.back?.lost],
    }))
    .toSorted((one, other) => one.of < other.of ? -1 : 1);
}

testWhere(
  CAN_HAVE_BOXES,
  "needs root, namespaces, ansible-playbook and sshd",
  "the mesh finds the one path that loses, on the way on which it does, and the host that is down, and leaves nothing",
  async () => {
    await using lab = await Lab.create();

    // Nothing is measured, and nothing is left, by a dry run.
    const dry = await run(lab.playbook({}, "--check"));
    assertMatch(dry.output, /box1 .* failed=0/);
    assertMatch(dry.output, /box4 .* unreachable=1/);
    assertEquals(exists(lab.out), false);
    assertEquals(await lab.leftovers(), []);

    const { code, output } = await run(lab.playbook({}));
    assert(code !== 0, output);
    assertMatch(output, /"\d+ of 9 paths failed: /);
    const failed = [...output.matchAll(/"(the \w+) -> (the \w+): /g)]
      .map(([, source, target]) => `${source} -> ${target}`).toSorted();
    assertEquals(failed, [
      "the box1 -> the box4",
      "the box2 -> the box3",
      "the box2 -> the box4",
      "the box3 -> the box4",
    ]);
    assertMatch(output, /"box4 took no part: it is unreachable/);
    assertEquals(await lab.leftovers(), []);

    const [toBox1, toBox3, toBox4] = await resultsOf(`${lab.out}/box2.jsonl`);
    assertEquals([toBox1.of, toBox1.passed], ["the box1", true]);
    assertEquals([toBox3.of, toBox3.failure], ["the box3", "expectation"]);
    assert(toBox3.lost[0] > 5, `${toBox3.lost} lost`);
    assertEquals(toBox3.lost[1], 0);
    assertEquals([toBox4.of, toBox4.failure], ["the box4", "no-answer"]);
    // The other end sees the same, on the way back, which it does not judge.
    const [, back] = await resultsOf(`${lab.out}/box3.jsonl`);
    assertEquals([back.of, back.passed, back.lost[0]], ["the box2", true, 0]);
    assert(back.lost[1] > 5, `${back.lost} lost`);

    const page = await Deno.readTextFile(`${lab.out}/report.html`);
    for (const box of [...BOXES, DOWN]) assert(page.includes(`the ${box}`));
  },
);

testWhere(
  CAN_HAVE_BOXES,
  "needs root, namespaces, ansible-playbook and sshd",
  "hosts whose controller is gone stop by themselves, and leave nothing",
  async () => {
    await using lab = await Lab.create();
    await using playbook = new TestProcess(
      lab.playbook({ mesh_seconds: 2, mesh_lead: 5, mesh_patience: 6 }),
    );
    await until(
      () => playbook.stdout.includes("TASK [mesh : Let round 1"),
      `a round ${playbook.stdout}`,
      60_000,
    );
    assert((await lab.leftovers()).some((each) => /udp.server/.test(each)));
    playbook.signal("SIGKILL");
    await until(
      async () => (await lab.leftovers()).length === 0,
      "the end of all",
      30_000,
    );
  },
);
