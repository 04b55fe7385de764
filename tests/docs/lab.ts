/**
 * A machine for the commands of a page: a network of its own, in which all ports
 * are free and `testbox` is this machine, and a copy of the project to write in.
 *
 * @module
 */
import { ROOT, TestProcess } from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { isInstalled } from "../setup/where.ts";

/** As root of a namespace, which any user may be where the system allows it. */
const NAMESPACES = [
  "unshare",
  "--user",
  "--map-root-user",
  "--net",
  "--mount",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
];

/** Whether this machine can hold one. */
export const HAS_LAB: boolean = ["unshare", "ip"].every(isInstalled) &&
  new Deno.Command(NAMESPACES[0], {
    args: [...NAMESPACES.slice(1), "true"],
    stdout: "null",
    stderr: "null",
  }).outputSync().success;

/** What is missing where there is none. */
export const LAB_NEEDS = "needs ip(8) and unshare(1), and to be allowed them";

/** The copy takes the project's place, so that paths are the same. */
const SETUP = `
set -eu
ip link set lo up
printf '127.0.0.1 localhost testbox\\n::1 localhost\\n' > "$LAB/hosts"
mount --bind "$LAB/hosts" /etc/hosts
mkdir "$LAB/copy" "$LAB/bin"
ln -s "$DENO" "$LAB/bin/deno"
PATH="$LAB/bin:$PATH"
tar -c -C "$PROJECT" --exclude=./.git --exclude=./node_modules --exclude=./dist \
  --exclude=./coverage . | tar -x --no-same-owner -C "$LAB/copy"
mount --bind "$LAB/copy" "$PROJECT"
cd "$PROJECT"
exec 2>&1
set +u
`;

/** What the shell prints at the end of a block, with its exit code. */
const END = /\n<<end of block: (\d+)>>\n/;

/** A shell in such a machine. */
export class Lab implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "echosounder-lab-" });
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #shell: TestProcess;
  #blocks = 0;

  constructor() {
    const { readable, writable } = new TransformStream<Uint8Array>();
    this.#input = writable.getWriter();
    this.#shell = new TestProcess([...NAMESPACES, "sh"], {
      stdin: readable,
      env: {
        LAB: this.#folder,
        PROJECT: ROOT.replace(/\/$/, ""),
        DENO: Deno.execPath(),
      },
    });
    this.#write(SETUP);
  }

  #write(text: string): void {
    // Where the shell has ended, what it printed says why.
    this.#input.write(new TextEncoder().encode(text)).catch(() => {});
  }

  /**
   * Runs commands as a user would type them, one after the other, until one
   * fails; servers that they leave in the background listen when this returns.
   *
   * @param mayFail Go on after a command that fails.
   */
  async run(
    commands: string,
    mayFail = false,
  ): Promise<{ code: number; output: string }> {
    const file = `${this.#folder}/block-${++this.#blocks}`;
    Deno.writeTextFileSync(file, commands);
    const start = this.#shell.stdout.length;
    const output = () => this.#shell.stdout.slice(start);
    this.#write(
      `set ${mayFail ? "+e" : "-e"}\n. '${file}' < /dev/null\n` +
        "printf '\\n<<end of block: %s>>\\n' $?\n",
    );
    let ended = false;
    this.#shell.outcome().then(() => ended = true);
    // A server that starts meanwhile may write after the block's end.
    const servers = commands.match(/^deno task .*-server .*& *(#.*)?$/gm)
      ?.length ?? 0;
    const listening = () => output().match(/Listening on /g)?.length ?? 0;
    const code = () => END.exec(output())?.[1];
    await until(
      () => ended || code() !== undefined && listening() >= servers,
      `the end of ${commands}${output()}`,
      60_000,
    );
    const text = output().replace(END, "");
    if (code() === undefined) {
      const { code, stderr } = await this.#shell.outcome();
      throw new Error(`ended with ${code}\n${commands}\n${text}${stderr}`);
    }
    return { code: Number(code()), output: text };
  }

  /** Ends all that runs there. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shell[Symbol.asyncDispose]();
    await this.#input.abort().catch(() => {});
    await Deno.remove(this.#folder, { recursive: true });
  }
}
