import { assert, assertEquals } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import {
  bytes,
  isInstalled,
  noise,
  runRole,
  startRole,
  text,
  until,
} from "./setup.ts";

const HOST = "127.0.0.1";
const LOCAL = ["--host", HOST, "--port", "0"];

/** A test that needs a program nobody here wrote. */
function withProgram(
  program: string,
  name: string,
  fn: () => Promise<void>,
): void {
  const installed = isInstalled(program);
  Deno.test({
    name: installed ? name : `${name} (skipped: ${program} is not installed)`,
    ignore: !installed,
    fn,
  });
}

/** Runs a program to its end with bytes as its standard input. */
async function runProgram(
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
        // It served one client and has ended by itself.
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
    const { code, stdout } = await runProgram(
      "ncat",
      [HOST, String(port)],
      sent,
    );
    assertEquals(code, 0);
    assertSame(stdout, sent);
    await server.shows("finished: 5000000 bytes received, 5000000 sent");
  },
);

withProgram(
  "socat",
  "socat gets 5 MB back from tcp-server, half-close included",
  async () => {
    await using server = startRole("tcp-server", LOCAL);
    const port = await server.listening();
    const sent = noise(5_000_000);
    const { code, stdout } = await runProgram("socat", [
      "-t5",
      "-",
      `TCP:${HOST}:${port}`,
    ], sent);
    assertEquals(code, 0);
    assertSame(stdout, sent);
    await server.shows("finished: 5000000 bytes received, 5000000 sent");
  },
);

withProgram(
  "ncat",
  "ncat shows the teaching lines of tcp-server --once",
  async () => {
    await using server = startRole("tcp-server", [...LOCAL, "--once"]);
    const port = await server.listening();
    const { stdout } = await runProgram(
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
  const { stdout } = await runProgram("socat", [
    "-b65536",
    "-t0.5",
    "-",
    `UDP:${HOST}:${port}`,
  ], sent);
  assertSame(stdout, sent);
});

// ncat waits for its command to take what it was sent, while the command waits
// for ncat to take the answer: more than a pipe holds, and it stands still, also
// with ncat or socat as its client.
withProgram(
  "ncat",
  "tcp-client gets 20 kB back from ncat running cat",
  async () => {
    const port = getAvailablePort();
    await using _ = startProgram("ncat", [
      "-l",
      HOST,
      String(port),
      "-k",
      "-c",
      "cat",
    ]);
    const { code, stdout, stderr } = await runRole("tcp-client", [
      `${HOST}:${port}`,
      "--size",
      "20kB",
      "--retry-for",
      "10s",
    ]);
    assertEquals([code, stderr], [0, ""]);
    assert(stdout.includes("Bytes received: 20000"));
  },
);

withProgram(
  "socat",
  "tcp-client gets 5 MB back from socat's PIPE",
  async () => {
    const port = getAvailablePort();
    await using _ = startProgram("socat", [
      `TCP-LISTEN:${port},bind=${HOST},reuseaddr,fork`,
      "EXEC:cat",
    ]);
    const { code, stdout, stderr } = await runRole("tcp-client", [
      `${HOST}:${port}`,
      "--size",
      "5MB",
      "--retry-for",
      "10s",
    ]);
    assertEquals([code, stderr], [0, ""]);
    assert(stdout.includes("Bytes received: 5000000"));
  },
);

withProgram(
  "socat",
  "tcp-client measures round trips through socat",
  async () => {
    const port = getAvailablePort();
    await using _ = startProgram("socat", [
      `TCP-LISTEN:${port},bind=${HOST},reuseaddr,fork`,
      "EXEC:cat",
    ]);
    const { code, stdout } = await runRole("tcp-client", [
      `${HOST}:${port}`,
      "-c",
      "5",
      "--retry-for",
      "10s",
    ]);
    assertEquals(code, 0);
    assert(stdout.includes("passed: 5 sent, 5 back"), stdout);
  },
);

withProgram(
  "socat",
  "udp-client gets the largest datagram back from socat",
  async () => {
    const port = getAvailablePort();
    await using _ = startProgram("socat", [
      "-b65536",
      `UDP-LISTEN:${port},bind=${HOST},fork`,
      "PIPE",
    ]);
    const { code, stderr } = await runRole("udp-client", [
      `${HOST}:${port}`,
      "--size",
      "65507",
      "--retry-for",
      "10s",
    ]);
    assertEquals([code, stderr], [0, ""]);
  },
);

withProgram(
  "ncat",
  "udp-client gets datagrams back from ncat running cat",
  async () => {
    const port = getAvailablePort();
    await using _ = startProgram("ncat", [
      "-l",
      HOST,
      String(port),
      "-u",
      "-c",
      "cat",
    ]);
    const { code, stderr } = await runRole("udp-client", [
      `${HOST}:${port}`,
      "--size",
      "1000",
      "--retry-for",
      "10s",
    ]);
    assertEquals([code, stderr], [0, ""]);
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
