import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import configuration from "../../deno.json" with { type: "json" };
import { type Role, ROLES } from "../../cli/roles.ts";
import { bundle } from "../../tasks/compile/bundle.ts";
import { ROLE_ENVIRONMENT } from "../../tasks/entry_module.ts";
import { bytes, read, writeAll } from "../setup/bytes.ts";
import { ROOT, type StartOptions, TestProcess } from "../setup/process.ts";
import { isInstalled, testWhere } from "../setup/where.ts";
import { until } from "../setup/until.ts";

const NPM = Deno.build.os === "windows" ? "npm.cmd" : "npm";
const HAS_NPM = isInstalled("node") && isInstalled(NPM);

/** A folder with the package, what npm made of it, and an empty home. */
let folder: string;
let packed: { filename: string; files: { path: string; mode: number }[] };

async function runToItsEnd(command: string[], options?: StartOptions) {
  await using process = new TestProcess(command, options);
  const outcome = await process.outcome();
  assertEquals(outcome.code, 0, outcome.stderr);
  return outcome.stdout;
}

Deno.test.beforeAll(async () => {
  if (!HAS_NPM) return;
  folder = await Deno.makeTempDir();
  const made = join(folder, "package");
  await runToItsEnd([
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-all",
    `${ROOT}tasks/pack.ts`,
    "--out",
    made,
    "--repository",
    "https://example.org/echosounder",
  ]);
  const pack = [NPM, "pack", "--json", "--pack-destination", folder, made];
  [packed] = JSON.parse(await runToItsEnd(pack));
  // What npm has fetched before is not fetched again.
  const cache = await runToItsEnd([NPM, "config", "get", "cache"]);
  await Deno.mkdir(join(folder, "home"));
  await runToItsEnd([
    NPM,
    "install",
    "--prefix",
    join(folder, "empty"),
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--cache",
    cache.trim(),
    join(folder, packed.filename),
  ], { env: { HOME: join(folder, "home") } });
});

Deno.test.afterAll(async () => {
  if (HAS_NPM) await Deno.remove(folder, { recursive: true });
});

/** Where the package is installed. */
function installed(): string {
  return join(folder, "empty/node_modules/echosounder");
}

function npmTest(name: string, fn: () => Promise<void>): void {
  testWhere(HAS_NPM, "Node and npm are not installed", name, fn);
}

/** The same for what needs signals, which Windows does not have. */
function npmSignalTest(name: string, fn: () => Promise<void>): void {
  if (Deno.build.os !== "windows") npmTest(name, fn);
}

/** The same for what needs a terminal, which `script` of util-linux makes. */
function npmTerminalTest(name: string, fn: () => Promise<void>): void {
  testWhere(
    HAS_NPM && Deno.build.os === "linux" && isInstalled("script"),
    "Node, npm or script of util-linux is not installed",
    name,
    fn,
  );
}

/** How Node starts Deno: as a child always, and by becoming it where it can. */
const WAYS: [way: string, nodeFlags: string[]][] = [
  ["as Node's child", [
    "--import",
    "data:text/javascript,delete process.execve",
  ]],
];
const CAN_BECOME = HAS_NPM && new Deno.Command("node", {
  args: ["-e", "process.exit(process.execve ? 0 : 1)"],
}).outputSync().success;
if (CAN_BECOME && Deno.build.os !== "windows") {
  WAYS.push(["in Node's place", []]);
}

/** Starts a program as npm's link on the path does, in an empty home. */
function start(
  role: Role,
  args: string[],
  options: StartOptions & { way?: string[]; under?: string[] } = {},
): TestProcess {
  const { way = [], under = [], ...others } = options;
  const file = join(installed(), `bin/${role}.js`);
  return new TestProcess([...under, "node", ...way, file, ...args], {
    ...others,
    env: { HOME: join(folder, "home"), ...others.env },
  });
}

async function run(role: Role, args: string[], options?: StartOptions) {
  await using process = start(role, args, options);
  return await process.outcome();
}

/** A server on a free port of this machine. */
const FREE = ["--host", "127.0.0.1", "--port", "0"];

npmTest(
  "the package holds the programs, what starts them, README and LICENSE, and nothing else",
  async () => {
    const names = ROLES.map(({ role }) => role);
    assertEquals(
      packed.files.map(({ path }) => path).toSorted(),
      [
        "LICENSE",
        "README.md",
        "package.json",
        "start.js",
        ...names.map((role) => `bin/${role}.js`),
        ...names.map((role) => `programs/${role}.mjs`),
      ].toSorted(),
    );
    const description = JSON.parse(
      await Deno.readTextFile(join(installed(), "package.json")),
    );
    assertEquals(description.version, configuration.version);
    assertEquals(description.dependencies, { deno: Deno.version.deno });
    assertEquals(
      description.repository.url,
      "git+https://example.org/echosounder.git",
    );
  },
);

for (const { role } of ROLES) {
  npmTest(
    `an installed ${role} is on npm's path and names how it was made`,
    async () => {
      const suffix = Deno.build.os === "windows" ? ".cmd" : "";
      const link = join(folder, "empty/node_modules/.bin", role + suffix);
      const stdout = await runToItsEnd([link, "--version"], {
        env: { HOME: join(folder, "home") },
      });
      assertEquals(
        stdout,
        `${role} ${configuration.version} ` +
          `(deno ${Deno.version.deno}, ${Deno.build.target}, package)\n`,
      );
    },
  );
}

for (const transport of ["tcp", "udp"] as const) {
  npmTest(
    `an installed ${transport}-client and ${transport}-server exchange a message`,
    async () => {
      await using server = start(`${transport}-server`, [...FREE, "--once"]);
      const port = await server.listening();
      const client = await run(`${transport}-client`, [`127.0.0.1:${port}`]);
      assertEquals([client.code, client.stderr], [0, ""]);
      assert(client.stdout.includes("Bytes received: 14"), client.stdout);
      assertEquals((await server.outcome()).code, 0);
    },
  );
}

npmTest(
  "an installed program passes on standard input and output as they are",
  async () => {
    await using server = start("tcp-server", [...FREE, "--once"]);
    const port = await server.listening();
    const sent = Array.from({ length: 50_000 }, (_, i) => `line ${i}\r\n`).join(
      "",
    );
    const { code, stdout } = await run("tcp-client", [
      "--stdin",
      `127.0.0.1:${port}`,
    ], { stdin: new Blob([sent]).stream() });
    assertEquals(code, 0);
    assertEquals(stdout === sent, true, `${stdout.length} of ${sent.length}`);
  },
);

npmTest(
  "an installed program exits with the programs' exit codes",
  async () => {
    await using server = start("udp-server", FREE);
    const port = await server.listening();
    const silent = Deno.listenDatagram({
      transport: "udp",
      hostname: "127.0.0.1",
      port: 0,
    });
    const { port: silentPort } = silent.addr as Deno.NetAddr;
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const closedPort = free.addr.port;
    free.close();
    const cases: [Role, string[], number][] = [
      ["udp-client", [`127.0.0.1:${port}`], 0],
      [
        "udp-client",
        [`127.0.0.1:${port}`, "-c", "2", "--expect", "p50<1us"],
        1,
      ],
      ["tcp-server", ["--bogus"], 2],
      ["tcp-client", [`127.0.0.1:${closedPort}`], 3],
      [
        "udp-client",
        [`127.0.0.1:${silentPort}`, "--timeout", "200ms"],
        4,
      ],
    ];
    for (const [role, args, expected] of cases) {
      const { code, stderr } = await run(role, args);
      assertEquals(code, expected, `${role} ${args.join(" ")}: ${stderr}`);
    }
  },
);

npmTest(
  "an installed program tells usage by the name that it is called by",
  async () => {
    const { stderr } = await run("tcp-client", []);
    assert(stderr.endsWith("Try: tcp-client --help\n"), stderr);
  },
);

npmTest(
  "a program whose Deno is missing says so and exits with 126",
  async () => {
    const alone = join(folder, "alone");
    await Deno.mkdir(join(alone, "bin"), { recursive: true });
    for (const name of ["package.json", "start.js", "bin/tcp-client.js"]) {
      await Deno.copyFile(join(installed(), name), join(alone, name));
    }
    await using process = new TestProcess([
      "node",
      join(alone, "bin/tcp-client.js"),
      "localhost",
    ]);
    const { code, stdout, stderr } = await process.outcome();
    assertEquals([code, stdout], [126, ""]);
    assert(stderr.startsWith("tcp-client: cannot start Deno: "), stderr);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  },
);

npmTest(
  "an installed program can use the network and nothing else",
  async () => {
    const copy = join(folder, "empty/node_modules/probe");
    await Deno.mkdir(join(copy, "bin"), { recursive: true });
    for (const name of ["package.json", "start.js", "bin/tcp-client.js"]) {
      await Deno.copyFile(join(installed(), name), join(copy, name));
    }
    await bundle(
      fileURLToPath(new URL("../setup/sandbox_probe.ts", import.meta.url)),
      join(copy, "programs/tcp-client.mjs"),
    );
    const stdout = await runToItsEnd(["node", join(copy, "bin/tcp-client.js")]);
    const { "use the network": network, ...others } = JSON.parse(stdout);
    assertEquals(network, "done");
    assertEquals(new Set(Object.values(others)), new Set(["NotCapable"]));
  },
);

/** The process that runs Deno: the started one, or its first child. */
function denoOf({ pid }: TestProcess): number {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return parseInt(children) || pid;
}

for (const [way, nodeFlags] of WAYS) {
  const startServer = (under: string[] = [], env = {}) =>
    start("tcp-server", FREE, { way: nodeFlags, under, env });

  if (Deno.build.os === "linux") {
    npmTest(
      `Deno ${way} serves many flows evenly, whatever the environment was`,
      async () => {
        const names = Object.keys(ROLE_ENVIRONMENT);
        await using server = startServer(
          [],
          Object.fromEntries(names.map((name) => [name, "1024"])),
        );
        await server.listening();
        const variables = Deno.readTextFileSync(
          `/proc/${denoOf(server)}/environ`,
        ).split("\0");
        for (const [name, value] of Object.entries(ROLE_ENVIRONMENT)) {
          assert(variables.includes(`${name}=${value}`), variables.join("\n"));
        }
      },
    );
  }

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    npmSignalTest(
      `a server with Deno ${way} stops gracefully at one ${signal}`,
      async () => {
        await using server = startServer();
        await server.listening();
        server.signal(signal);
        const { code, stdout } = await server.outcome();
        assertEquals(code, 0);
        assert(stdout.includes("Stopped after"), stdout);
      },
    );
  }

  npmSignalTest(
    `a server with Deno ${way} does not outlive the SIGKILL of what was started`,
    async () => {
      await using server = startServer();
      const port = await server.listening();
      server.signal("SIGKILL");
      await until(() => {
        try {
          Deno.listen({ hostname: "127.0.0.1", port }).close();
          return true;
        } catch {
          return false;
        }
      }, "a free port");
    },
  );

  npmSignalTest(
    `a server with Deno ${way} ends in order at SIGHUP`,
    async () => {
      await using server = startServer();
      await server.listening();
      server.signal("SIGHUP");
      const { code, stdout } = await server.outcome();
      assertEquals(code, 0);
      assert(stdout.includes("Stopped after"), stdout);
    },
  );

  npmSignalTest(
    `Ctrl+C for a whole process group is one request to Deno ${way}, and a later one the second`,
    async () => {
      // The leader of a group of its own, as a shell makes it.
      await using server = startServer(["setsid"]);
      const port = await server.listening();
      using client = await Deno.connect({ hostname: "127.0.0.1", port });
      const isServed = async () => {
        await writeAll(client, bytes("x"));
        return (await read(client, 1)).length === 1;
      };
      assert(await isServed());
      const pressCtrlC = () => {
        const group = String(-server.pid);
        return new Deno.Command("kill", { args: ["-INT", "--", group] })
          .output();
      };
      await pressCtrlC();
      await until(
        () => server.stderr.includes("stopping gracefully"),
        "a graceful stop",
      );
      // It would have ended by a second request, which may come from Node late.
      const from = performance.now();
      while (performance.now() - from < 1000) assert(await isServed());
      let ended = false;
      server.outcome().then(() => ended = true);
      await until(async () => {
        await pressCtrlC();
        return ended;
      }, "its end by a second Ctrl+C");
      assertEquals((await server.outcome()).code, 130);
    },
  );
}

npmTerminalTest(
  "Ctrl+C in a terminal stops an installed server gracefully",
  async () => {
    const typed = new TransformStream<Uint8Array, Uint8Array>();
    const file = join(installed(), "bin/tcp-server.js");
    // By `exec`, as a shell that waits would get the Ctrl+C too, and tell its own end.
    await using server = new TestProcess(
      ["script", "-qec", `exec node "${file}" ${FREE.join(" ")}`, "/dev/null"],
      {
        stdin: typed.readable,
        env: { HOME: join(folder, "home"), SHELL: "/bin/sh" },
      },
    );
    await server.listening();
    await typed.writable.getWriter().write(bytes("\x03"));
    const { code, stdout } = await server.outcome();
    assertEquals(code, 0);
    assert(stdout.includes("Stopped after"), stdout);
  },
);
