/**
 * The playbook in `deploy/ansible/`, run on boxes that are network namespaces of
 * this machine, each with an sshd.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { readRuns } from "../../report/mod.ts";
import { roleCommand, ROOT, TestProcess } from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const FOLDER = `${ROOT}deploy/ansible`;
const ROLE = `${FOLDER}/roles/mesh`;
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
    try {
      await until(
        () => areReady(),
        `the boxes ${boxes.stderr}`,
        30_000,
      );
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
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
            // Tests beside this one keep the machine busy.
            mesh_lead: 15,
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

  /** An sshd in a box whose `date` is three seconds late. */
  async lateClock(box: string, port: number): Promise<TestProcess> {
    const folder = join(this.folder, "late");
    await Deno.mkdir(folder);
    await Deno.writeTextFile(
      join(folder, "date"),
      "#!/bin/sh\nexec /bin/date -d '3 seconds ago' \"$@\"\n",
      { mode: 0o755 },
    );
    const late = new TestProcess([
      ...["ip", "netns", "exec", `mesh-${box}`, "/usr/sbin/sshd", "-D", "-e"],
      ...["-f", "/dev/null", "-p", String(port)],
      ...["-h", `${BOXES_FOLDER}/host`, "-o", "UsePAM=no"],
      ...["-o", `AuthorizedKeysFile=${BOXES_FOLDER}/key.pub`],
      ...["-o", "StrictModes=no", "-o", "PidFile=none"],
      ...["-o", "Subsystem=sftp internal-sftp"],
      ...["-o", `SetEnv=PATH=${folder}:/usr/sbin:/usr/bin:/sbin:/bin`],
    ]);
    await until(() => late.stderr.includes("listening"), "an sshd");
    const keys = await Deno.readTextFile(`${BOXES_FOLDER}/known_hosts`);
    await Deno.writeTextFile(
      `${BOXES_FOLDER}/known_hosts`,
      keys.replace("]:2222 ", `]:${port} `),
      { append: true },
    );
    return late;
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

/** Whether the boxes of these tests are there, and not those of another. */
function areReady(): boolean {
  const path = `${BOXES_FOLDER}/ready`;
  return exists(path) && Deno.readTextFileSync(path) === `${Deno.pid}\n`;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The run of a box's results against another, and what was lost out and back. */
async function runOf(lab: Lab, box: string, label: string) {
  const name = `${box}.jsonl`;
  const text = await Deno.readTextFile(`${lab.out}/${name}`);
  const { clients } = await readRuns([{ name, text }]);
  const run = clients.find(({ started }) => started?.label === label)!;
  assertEquals(run.started?.source_label, `the ${box}`);
  const { passed, failure, directions } = run.result!;
  return {
    passed,
    failure: failure?.code,
    out: directions?.out?.lost,
    back: directions?.back?.lost,
  };
}

/** The rounds of each host in a mesh of so many, as the role has them. */
async function roundsOf(
  hosts: string[],
  atOnce: number,
): Promise<string[][][]> {
  const { code, output } = await run([
    ...["ansible", "all", "-i", `${hosts},`, "-c", "local"],
    ...["-m", "debug", "-a", "var=mesh_rounds"],
    ...["-e", `@${ROLE}/defaults/main.yml`, "-e", `@${ROLE}/vars/main.yml`],
    ...["-e", `mesh_at_once=${atOnce}`],
  ], { ANSIBLE_LOAD_CALLBACK_PLUGINS: "1", ANSIBLE_STDOUT_CALLBACK: "json" });
  assertEquals(code, 0, output);
  const [{ tasks: [{ hosts: of }] }] = JSON.parse(output).plays;
  return hosts.map((host) =>
    of[host].mesh_rounds.map((round: { name: string }[]) =>
      round.map(({ name }) => name)
    )
  );
}

for (const [count, atOnce] of [[2, 1], [7, 1], [7, 4], [7, 0]]) {
  const limit = atOnce || count - 1;
  testWhere(
    HAS_ANSIBLE,
    "needs ansible",
    `${count} hosts measure all others in ${
      Math.ceil((count - 1) / limit)
    } rounds, and none measures or is measured by more than ${limit} at once`,
    async () => {
      const hosts = Array.from({ length: count }, (_, i) => `h${i}`);
      const rounds = await roundsOf(hosts, atOnce);
      rounds.forEach((own, i) => {
        const others = hosts.filter((host) => host !== hosts[i]);
        assertEquals(own.flat().toSorted(), others);
        assertEquals(own.length, Math.ceil((count - 1) / limit));
      });
      for (const round of rounds[0].keys()) {
        const targets = rounds.flatMap((own) => own[round]);
        for (const host of hosts) {
          const served = targets.filter((target) => target === host).length;
          assert(served <= limit, `${host} serves ${served}`);
        }
        assert(rounds.every((own) => own[round].length <= limit));
      }
    },
  );
}

testWhere(
  HAS_ANSIBLE,
  "needs ansible-playbook",
  "Ansible can read every playbook",
  async () => {
    for (const playbook of ["mesh", "stop", "demo"]) {
      const { code, output } = await run([
        ...["ansible-playbook", "--syntax-check"],
        ...["-i", `${FOLDER}/demo/hosts.yml`, `${FOLDER}/${playbook}.yml`],
      ]);
      assertEquals(code, 0, output);
    }
  },
);

testWhere(
  isInstalled("ansible-lint"),
  "needs ansible-lint",
  "ansible-lint finds nothing in the role and the playbooks",
  async () => {
    const { code, output } = await run([
      ...["ansible-lint", "--offline", "--strict", "-q"],
      ...[FOLDER, "--project-dir", FOLDER],
    ]);
    assertEquals(code, 0, output);
  },
);

testWhere(
  CAN_HAVE_BOXES,
  "needs root, namespaces, ansible-playbook and sshd",
  "the mesh finds the one path that loses, on the way on which it does, and the host that is down, and leaves nothing",
  async () => {
    await using lab = await Lab.create();

    // Nothing is measured, and nothing is left, by a dry run.
    await using _ = await lab.lateClock("box1", 2223);
    const dry = await run(
      lab.playbook({
        ansible_port: "{{ 2223 if inventory_hostname == 'box1' else 2222 }}",
      }, "--check"),
    );
    assertMatch(dry.output, /The clock of box1 is about [23]\.\d s behind/);
    assertEquals(dry.output.match(/The clock of/g)?.length, 1);
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

    assertEquals((await runOf(lab, "box2", "the box1")).passed, true);
    const lossy = await runOf(lab, "box2", "the box3");
    assertEquals([lossy.failure, lossy.back], ["expectation", 0]);
    assert(lossy.out! > 5, `${lossy.out} lost`);
    const down = await runOf(lab, "box2", "the box4");
    assertEquals(down.failure, "no-answer");
    // The other end sees the same, on the way back, which it does not judge.
    const other = await runOf(lab, "box3", "the box2");
    assertEquals([other.passed, other.out], [true, 0]);
    assert(other.back! > 5, `${other.back} lost`);

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
      lab.playbook({}, "--extra-vars", "mesh_patience=6"),
      { env: { PYTHONUNBUFFERED: "1" } },
    );
    await until(
      () => playbook.stdout.includes("TASK [mesh : Wait through round 1"),
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
