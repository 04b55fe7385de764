import { assert, assertEquals } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { bytes, noise, read, text, writeAll } from "../setup/bytes.ts";
import {
  residentMemory,
  roleCommand,
  roleEnvironment,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { signalTest, testWhere } from "../setup/where.ts";
import { exchange, LOCAL } from "../setup/exchange.ts";

const HOST = "127.0.0.1";

Deno.test("tcp-client and tcp-server --once print the one-shot lines", async () => {
  const { asked, served } = await exchange(
    "tcp-server",
    ["--once"],
    "tcp-client",
    [],
  );
  assertEquals(asked, {
    code: 0,
    stdout: "Bytes Sent: 14\nBytes received: 14\nConnection closed\n",
    stderr: "",
  });
  assertEquals(
    served.stdout.split("\n").slice(1).join("\n"),
    "Bytes received: 14\nBytes sent: 14\nConnection closing...\n",
  );
  assertEquals([served.code, served.stderr], [0, ""]);
});

Deno.test("udp-client and udp-server --once print the datagram", async () => {
  const { asked, served } = await exchange(
    "udp-server",
    ["--once"],
    "udp-client",
    [],
  );
  assertEquals(asked, {
    code: 0,
    stdout: "Bytes Sent: 14\nBytes received: 14\nthis is a test\n",
    stderr: "",
  });
  assert(served.stdout.includes("\nthis is a test\n"), served.stdout);
  assertEquals([served.code, served.stderr], [0, ""]);
});

Deno.test("tcp-client --message sends a text, also one that looks like a number or an option", async () => {
  for (const message of ["0042", "--json", "true", "ünïcödé"]) {
    let seen = "";
    await using peer = new TcpPeer(async (conn) => {
      const data = await read(conn);
      seen = text(data);
      await writeAll(conn, data);
    });
    const { code, stderr } = await runRole("tcp-client", [
      `${HOST}:${peer.port}`,
      `--message=${message}`,
    ]);
    assertEquals([code, stderr, seen], [0, "", message]);
  }
});

signalTest(
  "tcp-client --json and tcp-server --json write the events of the schema",
  async () => {
    const { asked, served } = await exchange(
      "tcp-server",
      ["--json"],
      "tcp-client",
      ["--json"],
    );
    const client = parseEvents(asked.stdout);
    assertEquals(client.map(({ event }) => event), [
      "connected",
      "sent",
      "received",
      "closed",
      "result",
    ]);
    assert(
      client.every(({ role, schema }) => role === "tcp-client" && schema === 2),
    );
    const server = parseEvents(served.stdout);
    assertEquals(
      server.map(({ event }) => event),
      ["listening", "connection-opened", "connection-closed", "summary"],
    );
    assertEquals(server[2].reason, "finished");
    assertEquals([server[3].bytes_received, server[3].bytes_sent], [14, 14]);
    assertEquals([asked.code, served.code], [0, 0]);
  },
);

signalTest(
  "udp-client --json and udp-server --json write the events of the schema",
  async () => {
    const { asked, served } = await exchange(
      "udp-server",
      ["--json", "--log-level", "debug"],
      "udp-client",
      ["--json", "-m", "hello"],
    );
    const client = parseEvents(asked.stdout);
    assertEquals(
      client.map(({ event }) => event),
      ["sent", "received", "result"],
    );
    const server = parseEvents(served.stdout);
    assertEquals(
      server.map(({ event }) => event),
      ["listening", "datagram", "summary"],
    );
    assertEquals(atob(server[1].data), "hello");
  },
);

signalTest("a server prints datagrams only at debug level", async () => {
  const { served } = await exchange("udp-server", ["--json"], "udp-client", []);
  assertEquals(parseEvents(served.stdout).map(({ event }) => event), [
    "listening",
    "summary",
  ]);
});

signalTest("tcp-client --size carries 100 MB there and back", async () => {
  const { asked, served } = await exchange(
    "tcp-server",
    ["--json"],
    "tcp-client",
    ["--size", "100MB"],
  );
  assertEquals(
    asked.stdout,
    "Bytes Sent: 100000000\nBytes received: 100000000\nConnection closed\n",
  );
  assertEquals(parseEvents(served.stdout).at(-1)?.bytes_sent, 100_000_000);
});

signalTest(
  "tcp-client --interval measures at a fixed interval, and prints each message",
  async () => {
    const { asked } = await exchange("tcp-server", [], "tcp-client", [
      "--json",
      "--count",
      "3",
      "--interval",
      "50ms",
      "--size",
      "64",
    ]);
    const events = parseEvents(asked.stdout);
    const received = events.filter(({ event }) => event === "received");
    assertEquals(received.map(({ sequence }) => sequence), [1, 2, 3]);
    const result = events.at(-1)!;
    assertEquals(
      [result.passed, result.messages_received, result.bytes_received],
      [true, 3, 192],
    );
    assert(result.duration_us >= 99_000, `${result.duration_us}`);
    assertEquals(
      result.rtt_us.max,
      Math.max(...received.map(({ rtt_us }) => rtt_us)),
    );
  },
);

/** Writes bytes to `tcp-client --stdin` and reads its output, both at once. */
async function pour(
  port: number,
  args: string[],
  input: Iterable<Uint8Array>,
  onOutput: (piece: Uint8Array, pid: number) => void,
): Promise<{ code: number; stderr: string }> {
  const [program, ...rest] = roleCommand("tcp-client");
  const child = new Deno.Command(program, {
    args: [...rest, `${HOST}:${port}`, "--stdin", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...roleEnvironment(),
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const feeding = ReadableStream.from(input).pipeTo(child.stdin);
  for await (const piece of child.stdout) onOutput(piece, child.pid);
  await feeding;
  return { code: (await child.status).code, stderr: await stderr };
}

Deno.test("tcp-client --stdin carries standard input there and its echo to standard output", async () => {
  const data = noise(3_000_000);
  await using server = startRole("tcp-server", LOCAL);
  const output: Uint8Array[] = [];
  const { code, stderr } = await pour(
    await server.listening(),
    [],
    [data],
    (piece) => {
      output.push(piece);
    },
  );
  const echoed = new Uint8Array(
    await new Blob(output as Uint8Array<ArrayBuffer>[]).arrayBuffer(),
  );
  assertEquals(echoed.length, data.length);
  assert(echoed.every((byte, i) => byte === data[i]));
  assertEquals(code, 0);
  assertEquals(
    stderr,
    "Bytes Sent: 3000000\nBytes received: 3000000\nConnection closed\n",
  );
});

Deno.test("tcp-client --stdin carries 400 MB through a pipe in little memory", async () => {
  await using server = startRole("tcp-server", LOCAL);
  const port = await server.listening();
  function* zeros() {
    const piece = new Uint8Array(1_000_000);
    for (let i = 0; i < 400; i++) yield piece;
  }
  let bytesOut = 0;
  let pieces = 0;
  const peaks = { client: 0, server: 0 };
  const { code } = await pour(port, [], zeros(), (piece, pid) => {
    bytesOut += piece.length;
    if (pieces++ % 100 > 0) return;
    peaks.client = Math.max(peaks.client, residentMemory(pid));
    peaks.server = Math.max(peaks.server, residentMemory(server.pid));
  });
  assertEquals([code, bytesOut], [0, 400_000_000]);
  assert(peaks.client < 200 && peaks.server < 150, JSON.stringify(peaks));
});

Deno.test("tcp-client --stdin ends when its peer is gone, though its input goes on", async () => {
  await using peer = new TcpPeer((conn) => read(conn, 1));
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  writable.getWriter().write(bytes("x"));
  const { code, stderr } = await runRole("tcp-client", [
    `${HOST}:${peer.port}`,
    "--stdin",
  ], {
    stdin: readable,
  });
  assertEquals(code, 4);
  assert(stderr.includes("closed"), stderr);
});

Deno.test("tcp-client --stdin echoes a line as soon as it comes", async () => {
  await using server = startRole("tcp-server", LOCAL);
  const port = await server.listening();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  await using client = startRole("tcp-client", [`${HOST}:${port}`, "--stdin"], {
    stdin: readable,
  });
  const writer = writable.getWriter();
  writer.write(bytes("first\n"));
  await client.shows("first\n");
  writer.write(bytes("second\n"));
  await client.shows("second\n");
  writer.close();
  const { code, stdout } = await client.outcome();
  assertEquals([code, stdout], [0, "first\nsecond\n"]);
});

Deno.test("tcp-client --stdin --json keeps standard output to the echo, also when it fails", async () => {
  await using peer = new TcpPeer(async (conn) => {
    await writeAll(conn, bytes("wrong"));
    await read(conn);
  });
  const { code, stdout, stderr } = await runRole(
    "tcp-client",
    [`${HOST}:${peer.port}`, "--stdin", "--json"],
    { stdin: new Blob(["right"]).stream() },
  );
  assertEquals([code, stdout], [1, ""]);
  const lines = stderr.trimEnd().split("\n").filter((line) =>
    line.startsWith("{")
  );
  assertEquals(parseEvents(lines.join("\n")).at(-1)?.code, "difference");
});

testWhere(
  Deno.build.os === "linux",
  "no /dev/full here",
  "tcp-client says that standard output cannot be written, and exits 1",
  async () => {
    await using server = startRole("tcp-server", LOCAL);
    const port = await server.listening();
    const command = [...roleCommand("tcp-client"), `${HOST}:${port}`];
    await using client = new TestProcess([
      "sh",
      "-c",
      'exec "$@" > /dev/full',
      "sh",
      ...command,
    ]);
    const { code, stderr } = await client.outcome();
    assertEquals(code, 1);
    assert(
      stderr.includes(
        "cannot write to standard output: No space left on device",
      ),
      stderr,
    );
  },
);
