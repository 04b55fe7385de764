/**
 * Debian 13 with Wine 10 in a folder, for Windows programs on Linux. (The Wine
 * of Debian 12 cannot run Deno.)
 *
 * @module
 */
import { join } from "node:path";

/** Something that is needed is not here. */
export class NotPrepared extends Error {}

function run(program: string, args: string[]): void {
  let output: Deno.CommandOutput;
  try {
    output = new Deno.Command(program, { args, stdin: "null" })
      .outputSync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new NotPrepared(
      `${program} is not installed: apt-get install debootstrap mingw-w64`,
    );
  }
  if (output.success) return;
  const text = new TextDecoder().decode(output.stdout) +
    new TextDecoder().decode(output.stderr);
  throw new NotPrepared(
    `${program} ${args.join(" ")} failed:\n${text.trim().slice(-2000)}`,
  );
}

/** A system with Wine in a folder of its own. */
export class Wine implements Disposable {
  /** The system's folder. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /**
   * Prepares it, once: some minutes and 1.5 GB, in the user's cache folder. What
   * a run before has finished is not done again.
   *
   * @throws {NotPrepared} Saying what is missing.
   */
  static prepare(): Wine {
    if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
      throw new NotPrepared(
        "preparing Wine needs Linux and root (debootstrap, chroot, mount)",
      );
    }
    const home = Deno.env.get("HOME");
    const cache = Deno.env.get("XDG_CACHE_HOME") ??
      (home && join(home, ".cache"));
    if (!cache) throw new NotPrepared("no home directory: set XDG_CACHE_HOME");
    const wine = new Wine(join(cache, "echosounder", "wine"));
    wine.#once("system", () => {
      console.log(`Debian 13 into ${wine.root} …`);
      Deno.mkdirSync(wine.root, { recursive: true });
      run("debootstrap", ["--variant=minbase", "trixie", wine.root]);
    });
    wine.#mount();
    // A minimal system knows no names, not even its own.
    Deno.writeTextFileSync(
      join(wine.root, "etc/hosts"),
      "127.0.0.1 localhost\n",
    );
    try {
      wine.#once("packages", () => {
        console.log("Wine into it …");
        wine.#inside(["apt-get", "update"]);
        wine.#inside(
          [
            "apt-get",
            "install",
            "--yes",
            "--no-install-recommends",
            "wine64",
            "wine",
          ],
        );
      });
      wine.#once("prefix", () => wine.#inside(["wineboot", "-i"]));
    } catch (error) {
      wine[Symbol.dispose]();
      throw error;
    }
    return wine;
  }

  #once(step: string, act: () => void): void {
    const done = join(this.root, `.prepared-${step}`);
    try {
      Deno.statSync(done);
    } catch {
      act();
      Deno.writeTextFileSync(done, "");
    }
  }

  #inside(command: string[]): void {
    const [program, ...args] = this.command(command);
    run(program, args);
  }

  #mount(): void {
    const mounted = Deno.readTextFileSync("/proc/mounts");
    const [dev, proc] = [join(this.root, "dev"), join(this.root, "proc")];
    if (!mounted.includes(` ${dev} `)) run("mount", ["--bind", "/dev", dev]);
    if (!mounted.includes(` ${proc} `)) {
      run("mount", ["-t", "proc", "proc", proc]);
    }
  }

  /** The command that runs a command inside. */
  command(command: string[]): string[] {
    const env = {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: "/root",
      DEBIAN_FRONTEND: "noninteractive",
      // By this, Wine takes arguments for UTF-8.
      LC_ALL: "C.UTF-8",
      WINEDEBUG: "-all",
      WINEPREFIX: "/root/prefix",
      // Wine complains on standard error where there is none.
      XDG_RUNTIME_DIR: "/tmp",
    };
    const assignments = Object.entries(env).map(([name, value]) =>
      `${name}=${value}`
    );
    return ["chroot", this.root, "env", "-i", ...assignments, ...command];
  }

  /** Puts programs inside; returns their folder there. */
  install(files: string[]): string {
    const folder = "/opt/echosounder";
    Deno.mkdirSync(join(this.root, folder), { recursive: true });
    for (const file of files) {
      Deno.copyFileSync(file, join(this.root, folder, file.split("/").at(-1)!));
    }
    return folder;
  }

  /** Ends what runs inside, and lets go of the system's folders. */
  [Symbol.dispose](): void {
    this.#inside(["sh", "-c", "wineserver -k; true"]);
    run("umount", ["--lazy", join(this.root, "proc")]);
    run("umount", ["--lazy", join(this.root, "dev")]);
  }
}
