import { assert, assertEquals } from "@std/assert";
import type { Role } from "../../cli/roles.ts";
import { parseEvents } from "../setup/events.ts";
import { bytes, noise, read, writeAll } from "../setup/bytes.ts";
import {
  type Outcome,
  type StartOptions,
  startRole,
  type TestProcess,
} from "../setup/process.ts";
import { freePort } from "../setup/free_port.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { UdpSocket } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { testWhere } from "../setup/where.ts";
import { startWindows, WINDOWS } from "./windows_process.ts";

/** A test of the files for Windows; they are made by the task that runs it. */
function windowsTest(name: string, fn: () => Promise<void>): void {
  testWhere(WINDOWS !== undefined, "deno task test:windows runs it", name, fn);
}

const HOST = "127.0.0.1";

/** Starts a program as it is on Linux, or for Windows. */
type Start = (
  role: Role,
  args: string[],
  options?: StartOptions,
) => TestProcess;

/** Runs a Windows program to its end. */
async function runWindows(
  name: string,
  args: string[],
  options?: StartOptions,
): Promise<Outcome> {
  return await startWindows(name, args, options).outcome();
}

/** Waits for a Winsock peer that listens. */
async function ready(process: TestProcess): Promise<void> {
  await until(
    () => process.stdout.includes("ready"),
    `ready ${process.stderr}`,
    30_000,
  );
}

const PAIRS: [name: string, server: Start, client: Start][] = [
  ["Windows to Windows", startWindows, startWindows],
  ["a Linux server to a Windows client", startRole, startWindows],
  ["a Windows server to a Linux client", startWindows, startRole],
];

for (const [name, startServer, startClient] of PAIRS) {
  windowsTest(`${name}: 100 MB over TCP, half-close both ways`, async () => {
    const serverArgs = ["--host", HOST, "--port", "0", "--once", "--json"];
    await using server = startServer("tcp-server", serverArgs);
    const port = await server.listening();
    const client = startClient("tcp-client", [
      `${HOST}:${port}`,
      "--size",
      "100MB",
      "--json",
    ]);
    const asked = await client.outcome();
    assertEquals([asked.code, asked.stderr], [0, ""]);
    assertEquals(parseEvents(asked.stdout).at(-1)!.bytes_received, 100_000_000);
    const served = await server.outcome();
    const closed = parseEvents(served.stdout).find(({ event }) =>
      event === "connection-closed"
    )!;
    assertEquals([served.code, closed.reason, closed.bytes_sent], [
      0,
      "finished",
      100_000_000,
    ]);
  });

  windowsTest(`${name}: the teaching programs' lines`, async () => {
    await using server = startServer("tcp-server", [
      "--host",
      HOST,
      "--port",
      "0",
      "--once",
    ]);
    const port = await server.listening();
    const asked = await startClient("tcp-client", [`${HOST}:${port}`])
      .outcome();
    assertEquals(
      asked.stdout,
      "Bytes Sent: 14\nBytes received: 14\nConnection closed\n",
    );
    const { code, stdout } = await server.outcome();
    assertEquals(code, 0);
    assert(
      stdout.endsWith(
        "\nBytes received: 14\nBytes sent: 14\nConnection closing...\n",
      ),
      stdout,
    );
  });

  windowsTest(`${name}: datagrams from 0 to 65507 bytes`, async () => {
    await using server = startServer("udp-server", [
      "--host",
      HOST,
      "--port",
      "0",
    ]);
    const port = await server.listening();
    for (const size of ["0", "1", "1472", "1473", "9000", "65507"]) {
      const client = startClient("udp-client", [
        `${HOST}:${port}`,
        "--size",
        size,
        "--json",
      ]);
      const { code, stdout, stderr } = await client.outcome();
      assertEquals([code, stderr], [0, ""]);
      assertEquals(parseEvents(stdout).at(-1)!.bytes_received, Number(size));
    }
  });

  windowsTest(`${name}: round trips are measured`, async () => {
    await using server = startServer("tcp-server", [
      "--host",
      HOST,
      "--port",
      "0",
    ]);
    const port = await server.listening();
    const args = [`${HOST}:${port}`, "--count", "20", "--size", "64", "--json"];
    const { code, stdout } = await startClient("tcp-client", args).outcome();
    const result = parseEvents(stdout).at(-1)!;
    assertEquals([code, result.messages_received], [0, 20]);
    assert(result.rtt_us.min > 0);
  });
}

windowsTest(
  "a Windows udp-server goes on after an answer meets a closed port",
  async () => {
    await using server = startWindows("udp-server", [
      "--host",
      HOST,
      "--port",
      "0",
    ]);
    const port = await server.listening();
    for (let i = 0; i < 5; i++) {
      const gone = new UdpSocket();
      await gone.send(bytes("x"), port);
      gone[Symbol.dispose]();
    }
    const { code } = await startRole("udp-client", [`${HOST}:${port}`])
      .outcome();
    assertEquals(code, 0);
  },
);

windowsTest(
  "a Windows udp-client whose peer's port is closed waits, and exits 4",
  async () => {
    const { code, stderr } = await runWindows("udp-client", [
      `${HOST}:${freePort()}`,
      "--timeout",
      "500ms",
    ]);
    assertEquals(code, 4);
    assert(stderr.includes("no answer"), stderr);
  },
);

windowsTest(
  "a Windows udp-server --once serves one datagram and exits 0",
  async () => {
    await using server = startWindows("udp-server", [
      "--host",
      HOST,
      "--port",
      "0",
      "--once",
    ]);
    const port = await server.listening();
    assertEquals(
      (await startRole("udp-client", [`${HOST}:${port}`]).outcome()).code,
      0,
    );
    const { code, stdout } = await server.outcome();
    assertEquals(code, 0);
    assert(stdout.includes("\nthis is a test\n"), stdout);
  },
);

windowsTest(
  "a Windows tcp-client passes standard input and output on untouched",
  async () => {
    await using server = startRole("tcp-server", [
      "--host",
      HOST,
      "--port",
      "0",
    ]);
    const port = await server.listening();
    const input = "line\r\nline\nnull\0 end-of-file\x1a and on\r\r\n";
    const { code, stdout } = await runWindows("tcp-client", [
      `${HOST}:${port}`,
      "--stdin",
    ], {
      stdin: new Blob([input]).stream(),
    });
    assertEquals([code, stdout], [0, input]);
  },
);

windowsTest(
  "Windows programs exit 1, 2, 3 and 4 as the others do",
  async () => {
    await using wrong = new TcpPeer(async (conn) => {
      const data = await read(conn);
      data[0] ^= 1;
      await writeAll(conn, data);
    });
    await using early = new TcpPeer((conn) => read(conn, 14));
    const cases: [string, string[], number, string][] = [
      ["tcp-client", [`${HOST}:${wrong.port}`], 1, "the echo differs: byte 0"],
      ["tcp-client", ["localhost", "--prot", "1"], 2, "did you mean --port?"],
      [
        "udp-client",
        [HOST, "--size", "65508"],
        2,
        "do not fit into a datagram",
      ],
      ["tcp-client", [`${HOST}:${freePort()}`], 3, "connection refused"],
      [
        "tcp-client",
        ["no-such-host.invalid"],
        3,
        "cannot resolve no-such-host.invalid",
      ],
      [
        "tcp-server",
        ["--host", "192.0.2.1"],
        3,
        "not available on this machine",
      ],
      [
        "tcp-client",
        [`${HOST}:${early.port}`],
        4,
        "14 of 14 bytes did not come back",
      ],
    ];
    for (const [role, args, code, message] of cases) {
      const outcome = await runWindows(role, args);
      assertEquals([outcome.code, outcome.stderr.includes(message)], [
        code,
        true,
      ], outcome.stderr);
    }
  },
);

windowsTest("a Windows tcp-client resolves names", async () => {
  await using server = startRole("tcp-server", [
    "--host",
    "0.0.0.0",
    "--port",
    "0",
  ]);
  const port = await server.listening();
  assertEquals(
    (await runWindows("tcp-client", [`localhost:${port}`, "-4"])).code,
    0,
  );
});

windowsTest("Windows programs talk over IPv6", async () => {
  await using server = startWindows("tcp-server", [
    "--host",
    "::1",
    "--port",
    "0",
    "--once",
  ]);
  const port = await server.listening();
  assertEquals((await runWindows("tcp-client", [`[::1]:${port}`])).code, 0);
});

windowsTest(
  "a Windows program names its version and how it was made",
  async () => {
    const { stdout } = await runWindows("tcp-server", ["--version"]);
    assert(/x86_64-pc-windows-msvc, (npm|denort)\)/.test(stdout), stdout);
  },
);

/**
 * What a client sends before it reads, by where the server runs. Under Wine, a
 * send that waits loses bytes when the same socket receives meanwhile (a plain
 * Deno program shows it), so there the buffers must hold it all.
 */
const ON_WINE = WINDOWS?.root !== undefined;
const SENDS = [
  ["Linux", startRole, 100_000_000],
  ["Windows", startWindows, ON_WINE ? 1_000_000 : 100_000_000],
] as const;

for (const [name, start, size] of SENDS) {
  windowsTest(
    `a Winsock client sends ${
      size / 1e6
    } MB to tcp-server on ${name} before it reads`,
    async () => {
      await using server = start("tcp-server", ["--host", HOST, "--port", "0"]);
      const port = await server.listening();
      const { code, stdout, stderr } = await runWindows("tcp_client", [
        `${port}`,
        `${size}`,
      ]);
      assertEquals([code, stderr, stdout.trim()], [
        0,
        "",
        `${size} bytes back`,
      ]);
    },
  );

  windowsTest(
    `tcp-client on ${name} gets 100 MB back from a blocking Winsock server`,
    async () => {
      const port = freePort();
      await using peer = startWindows("tcp_server", [`${port}`]);
      await ready(peer);
      const client = start("tcp-client", [
        `${HOST}:${port}`,
        "--size",
        "100MB",
      ]);
      const { code, stderr } = await client.outcome();
      assertEquals([code, stderr], [0, ""]);
      assertEquals((await peer.outcome()).code, 0);
    },
  );

  windowsTest(
    `a Winsock client gets its datagrams back from udp-server on ${name}`,
    async () => {
      await using server = start("udp-server", ["--host", HOST, "--port", "0"]);
      const port = await server.listening();
      const sizes = ["0", "1", "1473", "65507"];
      const { code, stdout, stderr } = await runWindows("udp_client", [
        `${port}`,
        ...sizes,
      ]);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(stdout.match(/bytes back/g)?.length, sizes.length);
    },
  );

  windowsTest(
    `udp-client on ${name} gets its datagrams back from a Winsock server`,
    async () => {
      const port = freePort();
      await using peer = startWindows("udp_server", [`${port}`, "3"]);
      await ready(peer);
      const args = [`${HOST}:${port}`, "--size", "65507", "--count", "3"];
      const { code, stderr } = await start("udp-client", args).outcome();
      assertEquals([code, stderr], [0, ""]);
      assertEquals((await peer.outcome()).code, 0);
    },
  );
}

windowsTest(
  "a Windows tcp-server gives ten clients at once their own bytes back",
  async () => {
    await using server = startWindows("tcp-server", [
      "--host",
      HOST,
      "--port",
      "0",
    ]);
    const port = await server.listening();
    await Promise.all(Array.from({ length: 10 }, async () => {
      using conn = await Deno.connect({ hostname: HOST, port });
      const sent = noise(300_000);
      const receiving = read(conn);
      await writeAll(conn, sent);
      await conn.closeWrite();
      assertEquals(
        (await receiving).every((byte, i) => byte === sent[i]),
        true,
      );
    }));
  },
);
