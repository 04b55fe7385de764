import { assert, assertEquals, assertMatch } from "@std/assert";
import { text } from "../setup/bytes.ts";
import { parseEvents } from "../setup/events.ts";
import { ForgetfulRelay } from "../setup/forgetful_relay.ts";
import { freePort } from "../setup/free_port.ts";
import { roleCommand, runRole, startRole } from "../setup/process.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const HOST = "127.0.0.1";

/** Nothing listens there. */
const NOBODY = `${HOST}:1`;

/** A service that is no echo: it says who it is, and waits for the client to close. */
function banner(): TcpPeer {
  return new TcpPeer(async (conn) => {
    await conn.write(new TextEncoder().encode("SSH-2.0-test\r\n"));
    await conn.read(new Uint8Array(1));
  });
}

Deno.test("--connect-only alone says in one line that the port answers, and how quickly", async () => {
  await using peer = banner();
  const { code, stdout, stderr } = await runRole("tcp-client", [
    `${HOST}:${peer.port}`,
    "--connect-only",
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(
    stdout,
    /^Connected to 127\.0\.0\.1:\d+ in [\d.]+ (us|ms|s)\n$/,
  );
});

Deno.test("--connect-only exits 3 where the port is closed, and says so in one line", async () => {
  const { code, stdout, stderr } = await runRole("tcp-client", [
    NOBODY,
    "--connect-only",
  ]);
  assertEquals([code, stdout, stderr], [
    3,
    "",
    "tcp-client: cannot connect to 127.0.0.1:1: connection refused\n",
  ]);
});

Deno.test("--quiet leaves the verdict of --connect-only", async () => {
  await using peer = banner();
  const run = (target: string) =>
    runRole("tcp-client", [target, "--connect-only", "--quiet"]);
  assertMatch(
    (await run(`${HOST}:${peer.port}`)).stdout,
    /^passed: connected in [\d.]+ \w+\n$/,
  );
  assertEquals((await run(NOBODY)).stdout, "failed: not connected\n");
});

Deno.test("--connect-only with an expectation judges its one connection", async () => {
  await using peer = banner();
  const { code, stdout } = await runRole("tcp-client", [
    `${HOST}:${peer.port}`,
    "--connect-only",
    "--expect",
    "max<1us",
  ]);
  assertEquals(code, 1);
  assert(stdout.includes("expected max < 1 us: "), stdout);
});

Deno.test("--connect-only with an interval prints each attempt, and sums up", async () => {
  await using peer = banner();
  const run = (target: string) =>
    runRole("tcp-client", [
      target,
      "--connect-only",
      "--count",
      "3",
      "--interval",
      "20ms",
    ]);
  const good = await run(`${HOST}:${peer.port}`);
  assertEquals([good.code, good.stderr], [0, ""]);
  assertMatch(good.stdout, /^1: connected in .*\n2: connected in .*\n3: /);
  assertMatch(good.stdout, /\npassed: 3 attempts, 3 connected in /);
  assertMatch(good.stdout, /\n {2}speed +[\d.]+ connects\/s\n/);
  assertMatch(good.stdout, /\n {2}connecting +p50 /);
  const bad = await run(NOBODY);
  assertEquals(bad.code, 3);
  assertMatch(bad.stdout, /^1: connection refused after /);
  assertMatch(bad.stdout, /\nfailed: 3 attempts, 0 connected in /);
  assertMatch(bad.stdout, /\n {2}failed +3 \(100 %\): 3 refused\n/);
});

Deno.test("--connect-only tests several targets, and tells them apart", async () => {
  await using peer = banner();
  const good = `${HOST}:${peer.port}`;
  const { code, stdout, stderr } = await runRole("tcp-client", [
    good,
    NOBODY,
    "--connect-only",
  ]);
  assertEquals(code, 3);
  assertMatch(stdout, new RegExp(`^${good}: Connected to ${good} in `));
  assert(
    stdout.includes("failed: 1 of 2 targets: 127.0.0.1:1\n"),
    stdout,
  );
  assertEquals(
    stderr,
    "tcp-client: 127.0.0.1:1: cannot connect to 127.0.0.1:1: connection refused\n",
  );
});

Deno.test("--connect-only --json ends with a result that has the times, and why attempts failed", async () => {
  await using peer = banner();
  const { code, stdout } = await runRole("tcp-client", [
    `${HOST}:${peer.port}`,
    "--connect-only",
    "--json",
  ]);
  const events = parseEvents(stdout);
  const result = events.at(-1)!;
  assertEquals(
    [code, events[0].service, result.rtt_us.count, result.measured.connects],
    [0, "connect", 1, { refused: 0, timed_out: 0, unreachable: 0, reset: 0 }],
  );
});

Deno.test("--retry-for makes --connect-only wait for the port", async () => {
  const port = freePort();
  await using client = startRole("tcp-client", [
    `${HOST}:${port}`,
    "--connect-only",
    "--retry-for",
    "1m",
    "--json",
  ]);
  await client.shows('"retry"');
  using _listener = Deno.listen({ hostname: HOST, port });
  assertEquals((await client.outcome()).code, 0);
});

Deno.test("--idle says how long it takes, what each wait came to, and between which times connections die", async () => {
  await using server = startRole("tcp-server", ["--port", "0"]);
  await using relay = await ForgetfulRelay.start({
    port: await server.listening(),
    life: 600,
    then: "reset",
  });
  const { code, stdout, stderr } = await runRole("tcp-client", [
    `${HOST}:${relay.port}`,
    "--idle",
    "200ms..2s",
    "--expect",
    "idle>=1m",
  ]);
  assertEquals([code, stderr], [
    1,
    "tcp-client: 1 of 1 expectation did not hold\n",
  ]);
  assertMatch(
    stdout,
    /\n5 connections stay idle for 200 ms to 2 s: this takes 34\.0 s at most\n/,
  );
  assertMatch(stdout, /\nidle for \d+ ms: answered in /);
  assertMatch(stdout, /\nidle for \d+ ms: reset\n/);
  assertMatch(
    stdout,
    /\nfailed: an idle connection lives for \d+ ms, and not for [\d.]+ m?s\n {2}ends by +reset\n(warning: .*\n)?expected idle >= 1 min: \d+ ms, did not hold\n$/,
  );
});

Deno.test("--idle --json ends with a result that has the times", async () => {
  await using server = startRole("tcp-server", ["--port", "0"]);
  const { code, stdout } = await runRole("tcp-client", [
    `${HOST}:${await server.listening()}`,
    "--idle",
    "50ms..200ms",
    "--json",
  ]);
  const events = parseEvents(stdout);
  assertEquals(
    [code, events.map(({ event }) => event)],
    [0, ["connected", "started", "idle", "idle", "idle", "result"]],
  );
  assert(events.at(-1)!.idle.survived_us >= 200_000, stdout);
});

/** Runs `tcp-client` in a network of its own, after the commands that set it up. */
async function inNamespace(
  setUp: string,
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      "--net",
      "sh",
      "-c",
      `set -e\n${setUp}\nexec "$@"`,
      "sh",
      ...roleCommand("tcp-client"),
      ...args,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const HAS_NAMESPACES = Deno.build.os === "linux" && Deno.uid() === 0 &&
  ["ip", "unshare", "python3"].every(isInstalled);

for (
  const [what, setUp, peer, code, message] of [
    [
      "exits 4 where nothing answers",
      `ip link add near type veth peer name far
       ip address add 192.0.2.1/24 dev near
       ip link set near up; ip link set far up
       ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev near`,
      "192.0.2.2:443",
      4,
      "no answer in time",
    ],
    [
      "exits 3 where there is no way to the peer",
      "ip link set lo up",
      "192.0.2.2:443",
      3,
      "network unreachable",
    ],
  ] as const
) {
  testWhere(
    HAS_NAMESPACES,
    "needs root, ip(8), unshare(1) and python3",
    `--connect-only ${what}`,
    async () => {
      const outcome = await inNamespace(setUp, [
        peer,
        "--connect-only",
        "--connect-timeout",
        "300ms",
      ]);
      assertEquals(outcome, {
        code,
        stdout: "",
        stderr: `tcp-client: cannot connect to ${peer}: ${message}\n`,
      });
    },
  );
}

/** A listener on port 9000, and ten local ports for all connections. */
const FEW_PORTS = `
ip link set lo up
echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range
echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse
python3 -c '
import socket, sys
server = socket.create_server(("127.0.0.1", 9000), backlog=100)
sys.stdout.close()
while True:
    client = server.accept()[0]
    client.recv(1)  # Who closes first keeps the port.
    client.close()
' & server=$!
trap "kill $server" EXIT
`;

testWhere(
  HAS_NAMESPACES,
  "needs root, ip(8), unshare(1) and python3",
  "where local ports run out, --connect-only says that this is the client's own limit, and counts no loss",
  async () => {
    // The client is no last command, so that the listener is ended after it.
    const { code, stdout, stderr } = await inNamespace(
      `${FEW_PORTS}run() { "$@"; }\nset +e\nrun "$@"\nexit $?`,
      [
        "127.0.0.1:9000",
        "--connect-only",
        "--retry-for",
        "10s",
        "--count",
        "30",
        "--json",
      ],
    );
    const result = parseEvents(stdout).find(({ event }) => event === "result")!;
    const { measured, messages_sent, messages_received, failure } = result;
    assertEquals([code, failure.code], [1, "errors"], stderr);
    // The connection that --retry-for made had one of the ten.
    assertEquals([messages_sent, messages_received], [9, 9]);
    assertEquals(
      [measured.errors, measured.unsent, measured.lost],
      [21, 21, 0],
    );
    assertEquals(measured.outages.count, 0);
    assertEquals(
      stderr,
      "tcp-client: 21 of 30 attempts could not be made: no local port was free: each is kept for a minute after its connection\n",
    );
  },
);
