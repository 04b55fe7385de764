import { assert, assertEquals } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { freePort } from "../setup/free_port.ts";
import { bytes, read, text, writeAll } from "../setup/bytes.ts";
import { runRole, startRole } from "../setup/process.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { UdpPeer, UdpSocket } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { HAS_IPV6, signalTest, testWhere } from "../setup/where.ts";
import { LOCAL } from "../setup/exchange.ts";

const HOST = "127.0.0.1";

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
      const third = /"event":"received".*"sequence":3\b/;
      await until(() => third.test(client.stdout), "the third answer");
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

Deno.test("an error of a client has the labels of its path, also with a target alone", async () => {
  const args = ["--source-label", "lab", "--count", "3", "--json"];
  const one = await runRole("tcp-client", [
    ...["127.0.0.1:1", "--label", "rack 7", ...args],
  ]);
  const two = await runRole("tcp-client", ["--targets", "-", ...args], {
    stdin: new Blob(["127.0.0.1:1 rack 7\n127.0.0.1:2\n"]).stream(),
  });
  const labels = parseEvents(one.stdout + two.stdout)
    .filter(({ event }) => event === "error")
    .map(({ label, source_label }) => [source_label, label]);
  assertEquals(labels, [
    ["lab", "rack 7"],
    ["lab", "rack 7"],
    ["lab", undefined],
  ]);
});
