import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { linuxLauncher } from "../../../tasks/compile/linux_launcher.ts";
import { packFile } from "../../../tasks/compile/packed_file.ts";
import {
  RUN_BUNDLE,
  TARGETS,
  type UnixTarget,
} from "../../../tasks/compile/target.ts";
import { ROLE_ENVIRONMENT } from "../../../tasks/entry_module.ts";
import { bytes, text } from "../../setup/bytes.ts";
import { type Outcome, TestProcess } from "../../setup/process.ts";
import { testWhere } from "../../setup/where.ts";

const UNIX_TARGETS = Object.values(TARGETS).filter(({ suffix }) =>
  suffix === ""
) as UnixTarget[];

/** Shells that may be a system's `sh`, as they are started for a script. */
const SHELLS = {
  dash: ["dash"],
  bash: ["bash", "--posix"],
  zsh: ["zsh", "--emulate", "sh"],
  busybox: ["busybox", "sh"],
};

function runs([program, ...args]: string[]): boolean {
  try {
    return new Deno.Command(program, { args }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** In place of Deno: says how it was started. */
const RUNTIME = `#!/bin/sh
echo "DENO_DIR=$DENO_DIR"
echo "ticks=$DENO_TOKIO_MAX_IO_EVENTS_PER_TICK"
printf '%s\\n' "$0" "$@"
exit 42
`;

/** A home folder, and a system that says it is another one. */
class Machine implements Disposable {
  readonly home = Deno.makeTempDirSync();
  readonly #bin = join(this.home, "bin");

  constructor(uname: string) {
    Deno.mkdirSync(this.#bin);
    Deno.writeTextFileSync(
      join(this.#bin, "uname"),
      `#!/bin/sh\n[ "$*" = -sm ] && echo "${uname}"\n`,
      { mode: 0o755 },
    );
  }

  /** Puts the utilities that busybox has in the place of the system's. */
  useBusybox(): void {
    const { stdout } = new Deno.Command("busybox", { args: ["--list"] })
      .outputSync();
    const names = "cat chmod cksum gzip head mkdir mv rm sync tail wc".split(
      " ",
    );
    const applets = new Set(text(stdout).split("\n"));
    for (const name of names.filter((name) => applets.has(name))) {
      Deno.writeTextFileSync(
        join(this.#bin, name),
        `#!/bin/sh\nexec busybox ${name} "$@"\n`,
        { mode: 0o755 },
      );
    }
  }

  async start(
    target: UnixTarget,
    shell: string[],
    args: string[],
  ): Promise<Outcome> {
    const launcher = linuxLauncher(
      "tcp-server",
      target,
      await packFile(bytes("the program")),
      await packFile(bytes(RUNTIME)),
    );
    const file = join(this.home, "tcp-server");
    await Deno.writeFile(file, launcher.stream(), { mode: 0o755 });
    const path = `${this.#bin}:${Deno.env.get("PATH")}`;
    await using process = new TestProcess([...shell, file, ...args], {
      env: { HOME: this.home, XDG_CACHE_HOME: "", PATH: path },
    });
    return await process.outcome();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.home, { recursive: true });
  }
}

for (const [name, shell] of Object.entries(SHELLS)) {
  for (const target of UNIX_TARGETS) {
    testWhere(
      Deno.build.os !== "windows" && runs([...shell, "-c", ":"]),
      `needs ${name}`,
      `a file for ${target.label} unpacks and starts its runtime in ${name}`,
      async () => {
        using machine = new Machine(target.uname);
        if (name === "busybox") machine.useBusybox();
        const args = ["--message", "two words", ""];
        for (const start of ["first", "second"]) {
          const { code, stdout, stderr } = await machine.start(
            target,
            shell,
            args,
          );
          assertEquals([code, stderr], [42, ""], start);
          const folder = join(machine.home, target.cache, "echosounder");
          const [denoDir, ticks, runtime, ...others] = stdout.split("\n");
          assertEquals(denoDir, `DENO_DIR=${folder}/deno`);
          assertEquals(
            ticks,
            `ticks=${ROLE_ENVIRONMENT.DENO_TOKIO_MAX_IO_EVENTS_PER_TICK}`,
          );
          assert(runtime.startsWith(`${folder}/deno-`), runtime);
          const program = others[RUN_BUNDLE.length];
          assertEquals(await Deno.readTextFile(program), "the program");
          assertEquals(others, [...RUN_BUNDLE, program, ...args, ""]);
        }
      },
    );
  }
}

for (const target of UNIX_TARGETS) {
  for (const { uname, label } of UNIX_TARGETS) {
    if (uname === target.uname) continue;
    testWhere(
      Deno.build.os !== "windows",
      "needs sh",
      `a file for ${target.label} says so on ${label}, and unpacks nothing`,
      async () => {
        using machine = new Machine(uname);
        const { code, stdout, stderr } = await machine.start(target, ["sh"], [
          "--version",
        ]);
        assertEquals([code, stdout], [126, ""]);
        assertEquals(
          stderr,
          `tcp-server: this file is for ${target.label} (${target.uname}), ` +
            `and this system is ${uname}: take the file for it\n`,
        );
        const names = [...Deno.readDirSync(machine.home)].map(({ name }) =>
          name
        );
        assertEquals(names.toSorted(), ["bin", "tcp-server"]);
      },
    );
  }
}
