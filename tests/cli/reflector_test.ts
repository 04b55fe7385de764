/**
 * `udp-server --service stamp` as a process, in its sandbox.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Authentication } from "../../udp/stamp/authentication.ts";
import {
  decodeReflectorPacket,
  encodeSenderPacket,
  type Mode,
} from "../../udp/stamp/packet.ts";
import { bytes } from "../setup/bytes.ts";
import { parseEvents } from "../setup/events.ts";
import { LOCAL } from "../setup/exchange.ts";
import {
  roleCommand,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { UdpSocket } from "../setup/udp_peer.ts";
import { isInstalled, signalTest, testWhere } from "../setup/where.ts";

const STAMP = ["--service", "stamp"];

/** A sender's packet. */
function packet(sequence: number, mode?: Mode): Uint8Array {
  return encodeSenderPacket(
    {
      sequence,
      timestamp: { seconds: 1_600_000_000, nanoseconds: 0 },
      errorEstimate: {
        synchronized: false,
        format: "NTP",
        scale: 0,
        multiplier: 1,
      },
      ssid: 1,
    },
    undefined,
    mode,
  );
}

/** What a program is given on standard input. */
const input = (text: string) => new Blob([text]).stream();

signalTest(
  "udp-server --service stamp reflects, and sums up its sessions and what it dropped",
  async () => {
    for (const json of [false, true]) {
      await using server = startRole("udp-server", [
        ...LOCAL,
        ...STAMP,
        "--stateless",
        "--clock-synchronized",
        ...json ? ["--json"] : [],
      ]);
      const port = await server.listening();
      using socket = new UdpSocket();
      await socket.send(packet(7), port);
      const answer = await socket.receive();
      await socket.send(answer, port);
      await server.shows(json ? '"dropped"' : "Dropped");
      const reflection = decodeReflectorPacket(answer)!;
      assertEquals([reflection.sequence, reflection.ssid], [7, 1]);
      assertEquals(reflection.errorEstimate.synchronized, true);
      server.signal("SIGTERM");
      const { code, stdout, stderr } = await server.outcome();
      assertEquals([code, stderr.includes("error")], [0, false]);
      if (json) {
        const events = parseEvents(stdout);
        assertEquals(events[0].service, "stamp");
        // A busy machine may make it stand still.
        const { standstills: _, ...counts } = events.at(-1)!.reflections;
        assertEquals(counts, {
          sessions: 0,
          sessions_forgotten: 0,
          short: 0,
          too_short: 0,
          wrong_hmac: 0,
          reflected_already: 1,
          estimated: 0,
          clock_steps: 0,
        });
      } else {
        assert(
          stdout.includes(
            `Dropped a packet from 127.0.0.1:${socket.port}: it is a reflector's answer`,
          ),
          stdout,
        );
        assert(
          /2 datagrams \(88 bytes\) received, 1 \(44 bytes\) sent, 0 rejected, 1 reflected already(, \d+ times at a standstill)?$/
            .test(stdout.trimEnd()),
          stdout,
        );
      }
    }
  },
);

Deno.test("udp-server --auth-key-file - reads the key from standard input, without the line break at its end", async () => {
  for (
    const text of [
      "a key for tests",
      "a key for tests\n",
      "a key for tests\r\n",
    ]
  ) {
    await using server = startRole(
      "udp-server",
      [...LOCAL, ...STAMP, "--auth-key-file", "-"],
      { stdin: input(text) },
    );
    const port = await server.listening();
    using socket = new UdpSocket();
    const key = new Authentication(bytes("a key for tests"));
    const sent = packet(7, "authenticated");
    key.sign(sent);
    await socket.send(sent, port);
    const answer = await socket.receive();
    assertEquals(key.verify(answer), true);
    assertEquals(
      decodeReflectorPacket(answer, "authenticated")!.senderSequence,
      7,
    );
  }
});

for (
  const [args, given, message] of [
    [
      ["--auth-key-file", "key.txt"],
      "",
      '--auth-key-file: "key.txt" cannot be opened, since the sandbox lets the program read no file: write - and give it on standard input (< FILE)',
    ],
    [
      ["--auth-key-file=-"],
      "\n",
      "--auth-key-file: standard input has no key",
    ],
    [
      ["--auth-key-file", "-"],
      "x".repeat(5000),
      "--auth-key-file: standard input has more than 4096 bytes, which is no key",
    ],
  ] as const
) {
  Deno.test(`udp-server ${args.join(" ")} with ${given.length} bytes on standard input says what is wrong`, async () => {
    const { code, stderr } = await runRole("udp-server", [
      ...LOCAL,
      ...STAMP,
      ...args,
    ], { stdin: input(given) });
    assertEquals([code, stderr.split("\n")[0]], [2, `udp-server: ${message}`]);
  });
}

Deno.test("options of a reflector are refused with another service", async () => {
  for (
    const option of ["--stateless", "--clock-synchronized", "--auth-key-file=-"]
  ) {
    const { code, stderr } = await runRole("udp-server", [...LOCAL, option]);
    assertEquals([code, stderr.split("\n")[0]], [
      2,
      `udp-server: ${option.replace(/=.*/, "")} needs --service stamp`,
    ]);
  }
});

Deno.test("udp-server --service stamp binds port 862, or says what that takes", async () => {
  // An address of the loopback that is no other test's.
  const host = `127.86.2.${2 + Math.floor(Math.random() * 250)}`;
  await using server = startRole("udp-server", ["--host", host, ...STAMP]);
  const outcome = await Promise.race([
    server.listening(),
    server.outcome(),
  ]);
  if (typeof outcome === "number") {
    assertEquals(outcome, 862);
    return;
  }
  assertEquals(outcome.code, 3);
  assert(
    outcome.stderr.includes(
      `cannot bind ${host}:862: permission denied; ports below 1024 need a privilege`,
    ),
    outcome.stderr,
  );
});

/** Starts a program without the privilege to bind ports below 1024. */
const UNPRIVILEGED = [
  "setpriv",
  "--bounding-set",
  "-net_bind_service",
  "--inh-caps",
  "-net_bind_service",
];

testWhere(
  Deno.build.os === "linux" && Deno.uid() === 0 && isInstalled("setpriv"),
  "needs root and setpriv(1)",
  "udp-server --service stamp without the privilege for port 862 says that it takes one",
  async () => {
    await using server = new TestProcess([
      ...UNPRIVILEGED,
      ...roleCommand("udp-server"),
      "--host",
      "127.86.2.1",
      ...STAMP,
    ]);
    const { code, stderr } = await server.outcome();
    assertEquals([code, stderr], [
      3,
      "udp-server: cannot bind 127.86.2.1:862: permission denied; ports below 1024 need a privilege; choose another with --port\n",
    ]);
  },
);
