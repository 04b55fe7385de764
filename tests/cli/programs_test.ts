import { assert, assertEquals } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { freePort } from "../setup/free_port.ts";
import { bytes, noise, read, text, writeAll } from "../setup/bytes.ts";
import {
  residentMemory,
  roleCommand,
  roleEnvironment,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { sendAndReset, TcpPeer } from "../setup/tcp_peer.ts";
import { UdpPeer, UdpSocket } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { HAS_IPV6, isInstalled, testWhere } from "../setup/where.ts";
import type { Role } from "../../cli/roles.ts";

const HOST = "127.0.0.1";
const LOCAL = ["--host", HOST, "--port", "0"];

/** A test that sends a signal to a process, which Windows does not allow. */
function signalTest(name: string, fn: () => Promise<void>): void {
  testWhere(Deno.build.os !== "windows", "needs signals", name, fn);
}

/** Runs a server and a client; returns what each printed. */
async function exchange(
  server: Role,
  serverArgs: string[],
  client: Role,
  clientArgs: string[],
) {
  await using serving = startRole(server, [...LOCAL, ...serverArgs]);
  const port = await serving.listening();
  const asked = await runRole(client, [`${HOST}:${port}`, ...clientArgs]);
  if (!serverArgs.includes("--once")) serving.signal("SIGTERM");
  return { asked, served: await serving.outcome() };
}

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

Deno.test("tcp-client exits 1 at a wrong byte and names its place", async () => {
  await using peer = new TcpPeer(async (conn) => {
    const data = await read(conn);
    data[5] = 0x58;
    await writeAll(conn, data);
  });
  const { code, stderr } = await runRole("tcp-client", [
    `${HOST}:${peer.port}`,
  ]);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    "tcp-client: the echo differs: byte 5 came back as 0x58 in place of 0x69\n",
  );
});

Deno.test("udp-client names both sizes where more comes back than was sent", async () => {
  // As a server answers that sends its whole buffer.
  await using peer = new UdpPeer((data, answer) => {
    const buffer = new Uint8Array(1024);
    buffer.set(data);
    return answer(buffer);
  });
  const { code, stderr } = await runRole("udp-client", [
    `${HOST}:${peer.port}`,
  ]);
  assertEquals([code, stderr], [
    1,
    "udp-client: the echo differs: 14 bytes were sent and 1024 came back\n",
  ]);
});

Deno.test("udp-server --once prints a datagram up to its first NUL, and how many bytes follow", async () => {
  await using server = startRole("udp-server", [...LOCAL, "--once"]);
  using socket = new UdpSocket();
  const buffer = new Uint8Array(1024);
  buffer.set(bytes("this is a test"));
  await socket.send(buffer, await server.listening());
  const { code, stdout } = await server.outcome();
  assertEquals(code, 0);
  assert(
    stdout.includes("\nthis is a test (1010 more bytes, from a NUL on)\n"),
    stdout,
  );
});

Deno.test("tcp-client --connections --interval prints each message with its delay", async () => {
  await using server = startRole("tcp-server", LOCAL);
  const { code, stdout } = await runRole("tcp-client", [
    `${HOST}:${await server.listening()}`,
    "--connections",
    "2",
    "--count",
    "4",
    "--interval",
    "20ms",
  ]);
  assertEquals(code, 0);
  const printed = stdout.split("\n").filter((line) =>
    line.includes(": 64 bytes")
  );
  assertEquals(printed.map((line) => line.split(":")[0]).sort(), [
    "1/1",
    "1/2",
    "2/1",
    "2/2",
  ]);
  for (const line of printed) {
    assert(/^\d\/\d: 64 bytes in [\d.]+ (us|ms)$/.test(line), line);
  }
});

Deno.test("tcp-client exits 4 at a peer that does not answer", async () => {
  const never = Promise.withResolvers<void>();
  await using peer = new TcpPeer(() => never.promise);
  const { code, stderr, stdout } = await runRole("tcp-client", [
    `${HOST}:${peer.port}`,
    "--timeout",
    "200ms",
    "--json",
  ]);
  assertEquals(code, 4);
  assertEquals(
    stderr,
    "tcp-client: no answer for 200 ms: 14 of 14 bytes did not come back\n",
  );
  const events = parseEvents(stdout);
  assertEquals(events.at(-1)?.exit_code, 4);
  assertEquals(events.at(-2)?.failure.code, "no-answer");
  never.resolve();
});

Deno.test("tcp-client exits 4 at a peer that closes early", async () => {
  await using peer = new TcpPeer(async (conn) => {
    await writeAll(conn, (await read(conn)).subarray(0, 4));
  });
  const { code, stderr } = await runRole("tcp-client", [
    `${HOST}:${peer.port}`,
  ]);
  assertEquals(code, 4);
  assertEquals(
    stderr,
    "tcp-client: the peer closed early: 10 of 14 bytes did not come back\n",
  );
});

Deno.test("tcp-client exits 3 where nobody listens", async () => {
  const port = freePort();
  const { code, stderr, stdout } = await runRole("tcp-client", [
    `${HOST}:${port}`,
  ]);
  assertEquals([code, stdout], [3, ""]);
  assertEquals(
    stderr,
    `tcp-client: Unable to connect to server! ${HOST}:${port}: connection refused\n`,
  );
});

for (const role of ["tcp-client", "udp-client"] as const) {
  Deno.test(`${role} exits 3 at a name that does not resolve`, async () => {
    const { code, stderr } = await runRole(role, ["no-such-host.invalid"]);
    assertEquals(code, 3);
    assert(
      stderr.startsWith(`${role}: cannot resolve no-such-host.invalid: `),
      stderr,
    );
  });

  Deno.test(`${role} --retry-for waits for a server that starts after it`, async () => {
    const port = freePort();
    await using client = startRole(role, [
      `${HOST}:${port}`,
      "--retry-for",
      "20s",
      "--log-level",
      "debug",
    ]);
    await until(() => client.stderr.includes("again in"), "a retry");
    const serverRole = role === "tcp-client" ? "tcp-server" : "udp-server";
    await using _ = startRole(serverRole, [
      "--host",
      HOST,
      "--port",
      String(port),
    ]);
    assertEquals((await client.outcome()).code, 0);
  });

  for (
    const [kind, options, expected, failure] of [
      [
        "without an end is ended by Ctrl+C, judged, and exits 0",
        [],
        0,
        undefined,
      ],
      [
        "with an end is cut off by Ctrl+C, and exits 130",
        ["--count", "100000"],
        130,
        "stopped",
      ],
    ] as const
  ) {
    signalTest(`${role} ${kind}`, async () => {
      await using server = startRole(
        role === "tcp-client" ? "tcp-server" : "udp-server",
        LOCAL,
      );
      const port = await server.listening();
      await using client = startRole(role, [
        `${HOST}:${port}`,
        "--interval",
        "20ms",
        "--json",
        ...options,
      ]);
      await client.shows('"sequence":3');
      client.signal("SIGINT");
      const { code, stdout } = await client.outcome();
      assertEquals(code, expected);
      const result = parseEvents(stdout).find(({ event }) =>
        event === "result"
      )!;
      assertEquals(result.failure?.code, failure);
      assert(result.messages_received >= 3);
      assertEquals(
        result.messages_sent,
        result.messages_received + result.measured.in_flight,
      );
    });
  }

  Deno.test(`${role} ends quietly when nobody reads its output any more`, async () => {
    await using server = startRole(
      role === "tcp-client" ? "tcp-server" : "udp-server",
      LOCAL,
    );
    const port = await server.listening();
    await using client = startRole(role, [
      `${HOST}:${port}`,
      "--interval",
      "5ms",
    ]);
    await client.shows("\n");
    client.stopReading();
    const { code, stderr } = await client.outcome();
    assertEquals([code, stderr], [0, ""]);
  });
}

for (
  const [role, family, address] of [
    ["tcp-client", "-4", HOST],
    ["tcp-client", "-6", "::1"],
    ["udp-client", "-4", HOST],
    ["udp-client", "-6", "::1"],
  ] as const
) {
  const other = address === HOST ? "::1" : HOST;
  testWhere(
    HAS_IPV6,
    "no IPv6 here",
    `${role} ${family} takes that family only`,
    async () => {
      const server = role === "tcp-client" ? "tcp-server" : "udp-server";
      await using serving = startRole(server, ["--host", "::", "--port", "0"]);
      const port = String(await serving.listening());
      const right = await runRole(role, [address, "-p", port, family]);
      assertEquals(right.code, 0);
      const wrong = await runRole(role, [other, "-p", port, family]);
      assertEquals(wrong.code, 3);
      assert(wrong.stderr.includes("address is known for it"), wrong.stderr);
    },
  );
}

signalTest(
  "tcp-server stops gracefully at SIGTERM: clients finish, then a summary, exit 0",
  async () => {
    await using server = startRole("tcp-server", [...LOCAL, "--json"]);
    const port = await server.listening();
    using conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes("before"));
    await read(conn, 6);
    server.signal("SIGTERM");
    await until(() => server.stderr.includes("SIGTERM"), "the signal's notice");
    await writeAll(conn, bytes("after"));
    assertEquals(text(await read(conn, 5)), "after");
    await conn.closeWrite();
    const { code, stdout } = await server.outcome();
    const summary = parseEvents(stdout).at(-1)!;
    assertEquals([
      code,
      summary.connections.accepted,
      summary.connections.cut_off,
    ], [0, 1, 0]);
  },
);

signalTest(
  "tcp-server closes remaining connections when its grace is over",
  async () => {
    await using server = startRole("tcp-server", [
      ...LOCAL,
      "--json",
      "--grace",
      "100ms",
    ]);
    const port = await server.listening();
    using conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes("x"));
    await read(conn, 1);
    server.signal("SIGINT");
    const { code, stdout } = await server.outcome();
    const summary = parseEvents(stdout).at(-1)!;
    assertEquals([code, summary.connections.cut_off], [0, 1]);
  },
);

signalTest(
  "tcp-server exits at once, with 130, at a second signal",
  async () => {
    await using server = startRole("tcp-server", [...LOCAL, "--grace", "1h"]);
    const port = await server.listening();
    using conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes("x"));
    await read(conn, 1);
    server.signal("SIGINT");
    await until(
      () => server.stderr.includes("SIGINT"),
      "the first signal's notice",
    );
    await server.signalAgain("SIGINT");
    assertEquals((await server.outcome()).code, 130);
  },
);

signalTest(
  "tcp-server counts a signal that comes twice at once as one",
  async () => {
    await using server = startRole("tcp-server", [...LOCAL, "--json"]);
    const port = await server.listening();
    using conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes("x"));
    await read(conn, 1);
    server.signal("SIGINT");
    server.signal("SIGINT");
    await until(() => server.stderr.includes("SIGINT"), "the signal's notice");
    await conn.closeWrite();
    const { code, stdout } = await server.outcome();
    assertEquals([code, parseEvents(stdout).at(-1)?.event], [0, "summary"]);
  },
);

signalTest("udp-server sums up at SIGTERM and exits 0", async () => {
  const { served } = await exchange("udp-server", ["--json"], "udp-client", [
    "--size",
    "1000",
    "-c",
    "3",
  ]);
  const summary = parseEvents(served.stdout).at(-1)!;
  assertEquals(
    [
      served.code,
      summary.datagrams.received,
      summary.datagrams.sent,
      summary.bytes_sent,
    ],
    [0, 3, 3, 3000],
  );
});

Deno.test("tcp-server --once exits 4 when its client breaks off", async () => {
  await using server = startRole("tcp-server", [...LOCAL, "--once"]);
  await sendAndReset(await server.listening(), bytes("abc"));
  const { code, stdout } = await server.outcome();
  assertEquals(code, 4);
  assert(stdout.includes("reset (connection reset by the peer)"), stdout);
});

signalTest(
  "tcp-server --idle-timeout, --max-connections and --allow reach the server",
  async () => {
    await using server = startRole("tcp-server", [
      ...LOCAL,
      "--json",
      "--idle-timeout",
      "200ms",
      "--max-connections",
      "1",
      "--allow",
      "127.0.0.1",
      "--allow",
      "::1",
    ]);
    const port = await server.listening();
    using first = await Deno.connect({ hostname: HOST, port });
    await writeAll(first, bytes("x"));
    await read(first, 1);
    using second = await Deno.connect({ hostname: HOST, port });
    assertEquals((await read(second)).length, 0);
    assertEquals((await read(first)).length, 0);
    server.signal("SIGTERM");
    const summary = parseEvents((await server.outcome()).stdout).at(-1)!;
    assertEquals([
      summary.connections.accepted,
      summary.rejected,
      summary.connections.idle,
    ], [
      1,
      1,
      1,
    ]);
  },
);

for (const role of ["tcp-server", "udp-server"] as const) {
  Deno.test(`${role} exits 3 where its port is taken, and says what to do`, async () => {
    await using first = startRole(role, LOCAL);
    const port = await first.listening();
    const { code, stderr } = await runRole(role, [
      "--host",
      HOST,
      "--port",
      String(port),
    ]);
    assertEquals(code, 3);
    assertEquals(
      stderr,
      `${role}: cannot bind ${HOST}:${port}: address already in use; ` +
        "choose another port with --port, or a free one with --port 0\n",
    );
  });

  Deno.test(`${role} goes on serving when nobody reads its output`, async () => {
    await using serving = startRole(role, [...LOCAL, "--log-level", "debug"]);
    const port = await serving.listening();
    serving.stopReading();
    const client = role === "tcp-server" ? "tcp-client" : "udp-client";
    for (let i = 0; i < 3; i++) {
      assertEquals((await runRole(client, [`${HOST}:${port}`])).code, 0);
    }
    await until(() => serving.stderr.includes("still serving"), "a notice");
  });
}

signalTest("udp-server --service and --allow reach the server", async () => {
  await using server = startRole("udp-server", [
    ...LOCAL,
    "--json",
    "--service",
    "discard",
    "--allow",
    "127.0.0.1",
  ]);
  const port = await server.listening();
  using socket = new UdpSocket();
  await socket.send(bytes("x"), port);
  const unanswered = await runRole("udp-client", [
    `${HOST}:${port}`,
    "--timeout",
    "100ms",
  ]);
  assertEquals(unanswered.code, 4);
  server.signal("SIGTERM");
  const summary = parseEvents((await server.outcome()).stdout).at(-1)!;
  assertEquals([summary.datagrams.received, summary.datagrams.sent], [2, 0]);
});

Deno.test("udp-client exits 1 where some datagrams are lost, 4 where all are", async () => {
  await using some = new UdpPeer((data, answer, number) =>
    number === 2 ? undefined : answer(data)
  );
  const args = ["--count", "3", "--size", "64", "--timeout", "150ms"];
  const partly = await runRole("udp-client", [`${HOST}:${some.port}`, ...args]);
  assertEquals(partly.code, 1);
  assert(partly.stdout.includes("3 sent, 2 back"), partly.stdout);
  assert(partly.stdout.includes("1 (33 %) lost"), partly.stdout);
  assertEquals(
    partly.stderr,
    "udp-client: 1 of 3 datagrams not answered\n",
  );
  await using none = new UdpPeer(() => {});
  const wholly = await runRole("udp-client", [`${HOST}:${none.port}`, ...args]);
  assertEquals(wholly.code, 4);
});

testWhere(
  isInstalled("/usr/bin/script") && Deno.build.os === "linux",
  "needs script(1), for a terminal",
  "a measuring client shows one live line on a terminal, and clears it for the result",
  async () => {
    await using server = startRole("tcp-server", LOCAL);
    const port = await server.listening();
    const command = [
      ...roleCommand("tcp-client"),
      `${HOST}:${port}`,
      "--duration",
      "1200ms",
      "--rate",
      "50",
      "--no-color",
    ];
    await using client = new TestProcess([
      "/usr/bin/script",
      "--quiet",
      "--return",
      "--command",
      command.join(" "),
      "/dev/null",
    ]);
    const { code, stdout } = await client.outcome();
    assertEquals(code, 0);
    // Each new text clears the line first.
    const shown = stdout.replaceAll("\r\x1b[K", "\n");
    const live = /^#+\.* \d+ ms left {2}1\.\d\d s {2}[\d.]+ messages\/s.*$/m
      .exec(shown);
    assert(live !== null && live[0].length < 80, JSON.stringify(stdout));
    assert(shown.includes("\npassed: 60 sent, 60 back"), stdout);
  },
);

Deno.test("a measuring client without a terminal shows no live line", async () => {
  await using server = startRole("tcp-server", LOCAL);
  const port = await server.listening();
  const { code, stdout, stderr } = await runRole("tcp-client", [
    `${HOST}:${port}`,
    "--duration",
    "1200ms",
    "--rate",
    "50",
  ]);
  assertEquals([code, stderr], [0, ""]);
  assert(!stdout.includes("\r"), stdout);
});

testWhere(
  Deno.build.os === "linux" && Deno.uid() === 0 &&
    isInstalled("/usr/bin/unshare"),
  "needs root and unshare(1), for a network without routes",
  "udp-client counts what the system refuses to send as errors, not as loss, and exits 3",
  async () => {
    const command = [
      ...roleCommand("udp-client"),
      "192.0.2.1",
      "--count",
      "3",
      "--json",
    ];
    await using client = new TestProcess([
      "/usr/bin/unshare",
      "--net",
      ...command,
    ]);
    const { code, stdout } = await client.outcome();
    const result = parseEvents(stdout).find(({ event }) => event === "result")!;
    assertEquals(
      [
        code,
        result.measured.errors,
        result.messages_sent,
        result.datagrams.lost,
      ],
      [3, 3, 0, 0],
    );
    assertEquals(result.failure.message, "cannot send: network unreachable");
  },
);

signalTest(
  "udp-client shows an answer's control characters escaped",
  async () => {
    const { asked } = await exchange("udp-server", [], "udp-client", [
      "--message",
      "a\x1b[31m\nb\u202ec",
    ]);
    assertEquals(asked.stdout.split("\n")[2], "a\\u{1b}[31m\\u{a}b\\u{202e}c");
  },
);

Deno.test("colours need a terminal: a pipe gets plain text even without NO_COLOR", async () => {
  await using server = startRole("tcp-server", LOCAL, {
    env: { NO_COLOR: "" },
  });
  await server.listening();
  assert(!server.stdout.includes("\x1b"), server.stdout);
});

signalTest(
  "tcp-server goes on serving and stops gracefully while its output pipe is full",
  async () => {
    const [program, ...args] = roleCommand("tcp-server");
    const port = freePort();
    // The pipe is neither read nor closed.
    const server = new Deno.Command(program, {
      args: [
        ...args,
        "--host",
        HOST,
        "--port",
        String(port),
        "--log-level",
        "debug",
      ],
      stdout: "piped",
      stderr: "piped",
      ...roleEnvironment(),
    }).spawn();
    const connecting = async () => {
      for (;;) {
        try {
          return await Deno.connect({ hostname: HOST, port });
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    using conn = await connecting();
    // Each message prints two lines, far more than the pipe and the queue hold.
    for (let i = 0; i < 30_000; i++) {
      await writeAll(conn, bytes("x"));
      await read(conn, 1);
    }
    await conn.closeWrite();
    assertEquals(await conn.read(new Uint8Array(1)), null);
    server.kill("SIGTERM");
    const { code } = await server.status;
    assertEquals(code, 0);
    await server.stdout.cancel();
    const stderr = await new Response(server.stderr).text();
    assert(
      /\d+ lines dropped: standard output was not read/.test(stderr),
      stderr,
    );
  },
);

signalTest(
  "tcp-client --expect exits 0 where all holds, 1 where something does not",
  async () => {
    const args = [
      "--json",
      "--count",
      "20",
      "--size",
      "64",
      "--expect",
      "min>0us",
    ];
    const { asked: good } = await exchange(
      "tcp-server",
      [],
      "tcp-client",
      args,
    );
    assertEquals([good.code, good.stderr], [0, ""]);
    const [held] = parseEvents(good.stdout).at(-1)!.expectations;
    assertEquals(
      [held.metric, held.operator, held.limit, held.unit, held.held],
      ["min", ">", 0, "us", true],
    );

    const { asked: bad } = await exchange("tcp-server", [], "tcp-client", [
      ...args.slice(1),
      "--expect",
      "max<1us",
    ]);
    assertEquals([bad.code, bad.stderr], [
      1,
      "tcp-client: 1 of 2 expectations did not hold\n",
    ]);
    assert(bad.stdout.includes("expected min > 0 s: "), bad.stdout);
    assert(
      /expected max < 1 us: \S+ \S+, did not hold\n/.test(bad.stdout),
      bad.stdout,
    );
  },
);

Deno.test("udp-client --expect allows as much loss as it says", async () => {
  await using peer = new UdpPeer((data, answer, number) =>
    number % 4 === 0 ? undefined : answer(data)
  );
  const args = [
    `${HOST}:${peer.port}`,
    "--count",
    "4",
    "--size",
    "64",
    "--timeout",
    "150ms",
  ];
  const allowed = await runRole("udp-client", [
    ...args,
    "--expect",
    "loss<=25%",
  ]);
  assertEquals([allowed.code, allowed.stderr], [0, ""]);
  const exceeded = await runRole("udp-client", [
    ...args,
    "--expect",
    "loss<25%",
  ]);
  assertEquals(exceeded.code, 1);
  assert(
    exceeded.stdout.includes("expected loss < 25 %: 25 %, did not hold"),
    exceeded.stdout,
  );
});

for (const transport of ["tcp", "udp"] as const) {
  signalTest(
    `${transport}-client --duration measures for so long`,
    async () => {
      const { asked } = await exchange(
        `${transport}-server`,
        [],
        `${transport}-client`,
        [
          "--json",
          "--duration",
          "300ms",
          "--size",
          "64",
        ],
      );
      assertEquals([asked.code, asked.stderr], [0, ""]);
      const result = parseEvents(asked.stdout).at(-1)!;
      assert(result.messages_received > 10, `${result.messages_received}`);
      assert(result.duration_us >= 299_000, `${result.duration_us}`);
    },
  );
}

/** A client that is suspended, and resumed long after its answer has arrived. */
for (const role of ["tcp-client", "udp-client"] as const) {
  signalTest(
    `${role} that was stopped by the system does not blame the path for it`,
    async () => {
      const { promise: pid, resolve } = Promise.withResolvers<number>();
      /** Suspends the client, answers, and resumes it after more than its timeout. */
      async function answerMeanwhile(answer: () => Promise<unknown>) {
        const client = await pid;
        Deno.kill(client, "SIGSTOP");
        await answer();
        await new Promise((done) => setTimeout(done, 600));
        Deno.kill(client, "SIGCONT");
      }
      await using tcp = new TcpPeer(async (conn) => {
        const data = await read(conn);
        await answerMeanwhile(() => writeAll(conn, data));
        await conn.closeWrite();
      });
      await using udp = new UdpPeer((data, answer) => {
        const copy = data.slice();
        return answerMeanwhile(() => answer(copy));
      });
      const port = role === "tcp-client" ? tcp.port : udp.port;
      await using client = startRole(role, [
        `${HOST}:${port}`,
        "--timeout",
        "250ms",
      ]);
      resolve(client.pid);
      const { code, stderr } = await client.outcome();
      assertEquals([code, stderr], [0, ""]);
    },
  );
}

/** Runs a program where a name server receives queries and never answers. */
const SILENT_RESOLVER = `
ip link set lo up
echo nameserver 127.0.0.1 > "$1"
mount --bind "$1" /etc/resolv.conf
shift
exec python3 -c '
import socket, subprocess, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
sys.exit(subprocess.call(sys.argv[1:]))
' "$@"
`;

for (const role of ["tcp-client", "udp-client"] as const) {
  testWhere(
    Deno.build.os === "linux" && Deno.uid() === 0 &&
      ["ip", "unshare", "python3"].every(isInstalled),
    "needs root, ip(8), unshare(1) and python3",
    `${role} resolves a name within its time-out, or says that it could not`,
    async () => {
      const file = await Deno.makeTempFile();
      const option = role === "tcp-client" ? "--connect-timeout" : "--timeout";
      const started = performance.now();
      const { code, stderr } = await new Deno.Command("unshare", {
        args: [
          "--net",
          "--mount",
          "sh",
          "-c",
          SILENT_RESOLVER,
          "sh",
          file,
          ...roleCommand(role),
          "slow.example",
          option,
          "500ms",
        ],
        env: { NO_COLOR: "1" },
      }).output();
      await Deno.remove(file);
      assertEquals(
        [code, text(stderr)],
        [
          3,
          `${role}: cannot resolve slow.example: the resolver did not answer in time\n`,
        ],
      );
      const took = performance.now() - started;
      assert(took < 4000, `${took} ms`);
    },
  );
}
