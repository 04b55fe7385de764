import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { freePort, freePorts } from "../setup/free_port.ts";
import { bytes, read, text, writeAll } from "../setup/bytes.ts";
import {
  roleCommand,
  roleEnvironment,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { UdpPeer } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { isInstalled, signalTest, testWhere } from "../setup/where.ts";
import { exchange, LOCAL } from "../setup/exchange.ts";

const HOST = "127.0.0.1";

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

Deno.test("udp-client --source-port fixes the ports, prints each flow, and says which is taken", async () => {
  await using server = startRole("udp-server", LOCAL);
  const target = `${HOST}:${await server.listening()}`;
  const first = freePorts(4);
  const args = [
    target,
    "--source-port",
    String(first),
    "--connections",
    "4",
    "--duration",
    "1500ms",
    "--expect",
    "flows.bad<1",
    "--expect",
    "flow.loss<=1%",
  ];
  const run = await runRole("udp-client", args);
  assertEquals([run.code, run.stderr], [0, ""]);
  assert(run.stdout.includes("none of 4 worse than the rest"), run.stdout);
  const json = await runRole("udp-client", [...args, "--json"]);
  const events = parseEvents(json.stdout);
  const [started] = events.filter(({ event }) => event === "started");
  assertEquals(started.local_port, first);
  const one = await runRole("udp-client", [
    target,
    "--source-port",
    `${first}`,
  ]);
  assertEquals(one.code, 0);
  await using other = startRole("udp-server", [
    "--host",
    "0.0.0.0",
    "--port",
    String(first + 3),
  ]);
  await other.listening();
  const taken = await runRole("udp-client", args);
  assertEquals([taken.code, taken.stderr], [
    3,
    `udp-client: cannot bind 0.0.0.0:${
      first + 3
    }: address already in use; choose another first port with --source-port\n`,
  ]);
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
    const live = /^#+\.* [\d.]+ ms left {2}1\.\d\d s {2}[\d.]+ messages\/s.*$/m
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
      assert(result.messages_received > 0, `${result.messages_received}`);
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

for (const role of ["tcp-client", "udp-client"] as const) {
  const transport = role === "tcp-client" ? "tcp" : "udp";
  signalTest(
    `${role} tells what it has measured so far at SIGUSR1, goes on, and ends in order at SIGHUP`,
    async () => {
      await using server = startRole(`${transport}-server`, ["--port", "0"]);
      const target = `127.0.0.1:${await server.listening()}`;
      await using client = startRole(role, [target, "--interval", "20ms"]);
      await client.shows("\n3: 64 bytes");
      client.signal("SIGUSR1");
      await client.shows("so far: ");
      const [, after] = client.stdout.split("so far: ");
      assertMatch(after, /^\d+ sent, \d+ back/);
      const told = client.stdout.length;
      await until(
        () => client.stdout.slice(told).includes("64 bytes in"),
        "another message",
      );
      client.signal("SIGHUP");
      const { code, stdout } = await client.outcome();
      assertEquals(code, 0);
      assertMatch(stdout, /passed: \d+ sent, \d+ back/);
      server.signal("SIGUSR1");
      await server.shows("So far, ");
    },
  );
}
