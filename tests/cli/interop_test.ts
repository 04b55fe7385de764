import { assert, assertEquals } from "@std/assert";
import { freePort } from "../setup/free_port.ts";
import { bytes, noise, text } from "../setup/bytes.ts";
import { runRole, startRole } from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const HOST = "127.0.0.1";
const LOCAL = ["--host", HOST, "--port", "0"];

/** A test that needs a program of others. */
function withProgram(
  program: string,
  name: string,
  fn: () => Promise<void>,
): void {
  testWhere(isInstalled(program), `${program} is not installed`, name, fn);
}

/** Runs a program to its end with bytes as its standard input. */
async function runPeer(
  program: string,
  args: string[],
  input: Uint8Array<ArrayBuffer>,
) {
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = new Blob([input]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  await feeding;
  return { code, stdout, stderr: text(stderr) };
}

/** Starts a program as a server on a port and ends it when the block does. */
function startProgram(program: string, args: string[]): AsyncDisposable {
  const child = new Deno.Command(program, {
    args,
    stdout: "null",
    stderr: "null",
    stdin: "null",
  })
    .spawn();
  return {
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has served one client and ended.
      }
      await child.status;
    },
  };
}

function assertSame(received: Uint8Array, sent: Uint8Array): void {
  assertEquals(received.length, sent.length);
  assert(received.every((byte, i) => byte === sent[i]), "the bytes differ");
}

withProgram(
  "ncat",
  "ncat gets 5 MB back from tcp-server, half-close included",
  async () => {
    await using server = startRole("tcp-server", LOCAL);
    const port = await server.listening();
    const sent = noise(5_000_000);
    const { code, stdout } = await runPeer(
      "ncat",
      [HOST, String(port)],
      sent,
    );
    assertEquals(code, 0);
    assertSame(stdout, sent);
    await server.shows("finished: 5 MB received, 5 MB sent");
  },
);

withProgram(
  "socat",
  "socat gets 5 MB back from tcp-server, half-close included",
  async () => {
    await using server = startRole("tcp-server", LOCAL);
    const port = await server.listening();
    const sent = noise(5_000_000);
    const { code, stdout } = await runPeer("socat", [
      "-t5",
      "-",
      `TCP:${HOST}:${port}`,
    ], sent);
    assertEquals(code, 0);
    assertSame(stdout, sent);
    await server.shows("finished: 5 MB received, 5 MB sent");
  },
);

withProgram(
  "ncat",
  "ncat gets tcp-server --once to print its one-shot lines",
  async () => {
    await using server = startRole("tcp-server", [...LOCAL, "--once"]);
    const port = await server.listening();
    const { stdout } = await runPeer(
      "ncat",
      [HOST, String(port)],
      bytes("hello\n"),
    );
    assertEquals(text(stdout), "hello\n");
    const served = await server.outcome();
    assertEquals(served.code, 0);
    assert(
      served.stdout.endsWith(
        "Bytes received: 6\nBytes sent: 6\nConnection closing...\n",
      ),
      served.stdout,
    );
  },
);

withProgram("socat", "socat gets a datagram back from udp-server", async () => {
  await using server = startRole("udp-server", LOCAL);
  const port = await server.listening();
  const sent = noise(1400);
  const { stdout } = await runPeer("socat", [
    "-b65536",
    "-t0.5",
    "-",
    `UDP:${HOST}:${port}`,
  ], sent);
  assertSame(stdout, sent);
});

/** Checks that our client gets everything back from a server of others. */
async function assertGetsBack(
  client: "tcp-client" | "udp-client",
  program: string,
  serverArgs: (port: number) => string[],
  clientArgs: string[],
): Promise<string> {
  const port = freePort();
  await using _ = startProgram(program, serverArgs(port));
  const peer = `${HOST}:${port}`;
  const { code, stdout, stderr } = await runRole(client, [
    peer,
    "--retry-for",
    "10s",
    ...clientArgs,
  ]);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

const socatCat = (port: number) => [
  `TCP-LISTEN:${port},bind=${HOST},reuseaddr,fork`,
  "EXEC:cat",
];
const ncatCat = (port: number) => ["-l", HOST, String(port), "-k", "-c", "cat"];

// ncat closes as soon as it sees the half-close, and drops what its command has yet
// to print: so nothing may be in flight by then.
withProgram(
  "ncat",
  "tcp-client measures round trips through ncat",
  async () => {
    const stdout = await assertGetsBack("tcp-client", "ncat", ncatCat, [
      "--count",
      "5",
      "--size",
      "1000",
    ]);
    assert(stdout.includes("passed: 5 sent, 5 back"), stdout);
  },
);

withProgram(
  "socat",
  "tcp-client gets 5 MB back from socat running cat",
  async () => {
    const stdout = await assertGetsBack("tcp-client", "socat", socatCat, [
      "--size",
      "5MB",
    ]);
    assert(stdout.includes("Bytes received: 5000000"), stdout);
  },
);

withProgram(
  "socat",
  "tcp-client measures round trips through socat",
  async () => {
    const stdout = await assertGetsBack("tcp-client", "socat", socatCat, [
      "--count",
      "5",
    ]);
    assert(stdout.includes("passed: 5 sent, 5 back"), stdout);
  },
);

withProgram(
  "socat",
  "udp-client gets the largest datagram back from socat",
  async () => {
    // The child that socat forks for a client outlives it, and ends once nothing
    // has come for a second.
    const pipe = (
      port: number,
    ) => ["-b65536", "-T1", `UDP-LISTEN:${port},bind=${HOST},fork`, "PIPE"];
    const stdout = await assertGetsBack("udp-client", "socat", pipe, [
      "--size",
      "65507",
    ]);
    assert(stdout.includes("Bytes received: 65507"), stdout);
  },
);

withProgram(
  "ncat",
  "udp-client gets a datagram back from ncat running cat",
  async () => {
    const cat = (port: number) => ["-l", HOST, String(port), "-u", "-c", "cat"];
    const stdout = await assertGetsBack("udp-client", "ncat", cat, [
      "--size",
      "1000",
    ]);
    assert(stdout.includes("Bytes received: 1000"), stdout);
  },
);

/** A run one way, to a port of this machine. */
const ONE_WAY = ["--service", "discard", "--count", "20", "--rate", "200"];

withProgram(
  "socat",
  "udp-client claims nothing about what arrives at socat reading everything, or at nobody",
  async () => {
    const port = freePort();
    const target = `${HOST}:${port}`;
    const assertUnknown = async () => {
      const asked = await runRole("udp-client", [target, ...ONE_WAY]);
      assertEquals([asked.code, asked.stderr], [0, ""]);
      const [headline] = asked.stdout.split("\n");
      assert(
        /^sent: 20 datagrams in .*; whether they arrived is unknown$/.test(
          headline,
        ),
        asked.stdout,
      );
      assert(!/passed|lost/.test(asked.stdout), asked.stdout);
      const { stdout } = await runRole("udp-client", [
        target,
        ...ONE_WAY,
        "--json",
      ]);
      const result = JSON.parse(stdout.trim().split("\n").at(-1)!);
      assertEquals(result.measured.arrival, "unknown");
      assertEquals(result.datagrams, { strays: 0 });
    };
    await assertUnknown();
    const file = await Deno.makeTempFile();
    try {
      await using _ = startProgram("socat", [
        "-u",
        `UDP4-RECV:${port},bind=${HOST}`,
        `OPEN:${file},append`,
      ]);
      // It is there once something has arrived.
      await until(async () => {
        await runRole("udp-client", [
          target,
          "--message",
          "x",
          "--timeout",
          "1ms",
        ]);
        return Deno.statSync(file).size > 0;
      }, "socat");
      await assertUnknown();
      await until(() => Deno.statSync(file).size >= 40 * 64, "all 40");
    } finally {
      await Deno.remove(file);
    }
  },
);

withProgram(
  "socat",
  "tcp-server survives a socat that is killed in the middle",
  async () => {
    await using server = startRole("tcp-server", LOCAL);
    const port = await server.listening();
    {
      await using _ = startProgram("socat", [
        "-u",
        "OPEN:/dev/zero",
        `TCP:${HOST}:${port}`,
      ]);
      await until(() => server.stdout.includes("#1 "), "the client");
    }
    await until(() => /#1 \S+ (reset|finished)/.test(server.stdout), "its end");
    assertEquals((await runRole("tcp-client", [`${HOST}:${port}`])).code, 0);
  },
);
