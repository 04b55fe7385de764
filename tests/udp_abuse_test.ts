/**
 * Datagrams that are meant to do harm, and clients that only look like it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { serveUdp, type ServeUdpOptions, type UdpServerEvent } from "../mod.ts";
import { isUnicast } from "../net/address.ts";
import { CHARGEN_CYCLE } from "../net/chargen.ts";
import { LoopGuard } from "../udp/server/loop_guard.ts";
import {
  bytes,
  isInstalled,
  noise,
  roleCommand,
  testWhere,
  UdpPeer,
  UdpSocket,
  until,
} from "./setup.ts";

const HOST = "127.0.0.1";

/** A server on the loopback, and the events it told. */
function serve(options: ServeUdpOptions = {}) {
  const events: UdpServerEvent[] = [];
  const server = serveUdp({
    hostname: HOST,
    port: 0,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { server, events, port: server.addr.port };
}

/** Sends a datagram that claims to come from another port: that takes a raw socket, and root. */
const FORGER = `
import socket, struct, sys
source, target, payload = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
header = struct.pack("!HHHH", source, target, 8 + len(payload), 0)
raw.sendto(header + payload, ("127.0.0.1", 0))
`;
const CAN_FORGE = Deno.build.os === "linux" && Deno.uid() === 0 &&
  isInstalled("python3");

async function forge(from: number, to: number, payload: string) {
  const { success, stderr } = await new Deno.Command("python3", {
    args: ["-c", FORGER, String(from), String(to), payload],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Waits until a count stays as it is; returns the milliseconds until then. */
async function untilQuiet(count: () => number): Promise<number> {
  const started = performance.now();
  let last = count();
  let lastAt = started;
  while (performance.now() - lastAt < 500) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (performance.now() - started > 10_000) throw new Error("never quiet");
    if (count() === last) continue;
    last = count();
    lastAt = performance.now();
  }
  return lastAt - started;
}

for (
  const [one, other] of [["echo", "echo"], ["echo", "chargen"], [
    "chargen",
    "chargen",
  ]] as const
) {
  testWhere(
    CAN_FORGE,
    "needs root and python3",
    `a forged datagram between ${one} and ${other} goes round for less than a second`,
    async () => {
      let received = 0;
      const onEvent = ({ event }: UdpServerEvent) =>
        void (event === "datagram" && received++);
      const detail = true;
      const first = serve({ service: one, onEvent, detail });
      const second = serve({ service: other, onEvent, detail });
      await using _first = first.server;
      await using _second = second.server;
      await forge(first.port, second.port, "round and round");
      await until(() => received > 3, "a loop");
      const lasted = await untilQuiet(() => received);
      assert(lasted < 1000, `${lasted} ms, ${received} datagrams`);
      // Both still serve, and the same address and port, too.
      using socket = new UdpSocket();
      await socket.send(bytes("still here?"), first.port);
      await socket.receive();
    },
  );
}

testWhere(
  CAN_FORGE,
  "needs root and python3",
  "serveUdp() does not answer port 0, and counts it",
  async () => {
    const { server, events, port } = serve();
    await using _ = server;
    await forge(0, port, "nobody");
    await until(() => events.some(({ event }) => event === "rejected"), "it");
    await server.shutdown();
    const { rejected, faults } = await server.finished;
    assertEquals([rejected, faults], [1, 0]);
  },
);

Deno.test("isUnicast() knows groups, everybody and nobody from single peers", () => {
  for (
    const address of [
      "127.0.0.1",
      "10.1.2.255",
      "223.255.255.255",
      "::1",
      "fe80::1",
      "2001:db8::ff",
      "::ffff:192.0.2.1",
    ]
  ) assert(isUnicast(address), address);
  for (
    const address of [
      "0.0.0.0",
      "224.0.0.1",
      "239.1.2.3",
      "255.255.255.255",
      "::",
      "ff02::1",
      "::ffff:224.0.0.1",
    ]
  ) assert(!isUnicast(address), address);
});

Deno.test("serveUdp() serves a client that uses the server's own port on another address", async () => {
  const { server, port } = serve();
  await using _ = server;
  const client = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.2",
    port,
  });
  try {
    const to = { transport: "udp" as const, hostname: HOST, port };
    for (let i = 0; i < 200; i++) {
      await client.send(bytes(`question ${i}`), to);
      const [answer] = await client.receive();
      assertEquals(answer, bytes(`question ${i}`));
    }
  } finally {
    client.close();
  }
});

/** Two machines on one cable, as networks of their own; the server is the first. */
const TWO_MACHINES = `
set -e
unshare --net sleep 60 & other=$!
trap 'kill $other' EXIT
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do
  sleep 0.01
done
ip link add near type veth peer name far netns $other
ip address add 192.0.2.1/24 dev near
ip link set near up
nsenter --target $other --net sh -c \
  'ip address add 192.0.2.2/24 dev far && ip link set far up'
"$@" --host 192.0.2.1 --port 7007 & server=$!
trap 'kill $server $other' EXIT
nsenter --target $other --net python3 -c '
import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind(("192.0.2.2", 7007))
client.settimeout(0.2)
answered = 0
for tries in range(400):
    question = b"question %d" % answered
    client.sendto(question, ("192.0.2.1", 7007))
    try:
        answered += client.recv(100) == question
    except (TimeoutError, ConnectionRefusedError):
        pass  # The server is not there yet.
    if answered == 200:
        break
print("answered", answered)
'
`;

testWhere(
  CAN_FORGE && ["ip", "unshare", "nsenter"].every(isInstalled),
  "needs root, python3, ip(8), unshare(1) and nsenter(1)",
  "udp-server serves a client on another machine that uses the server's own port",
  async () => {
    const { stdout } = await new Deno.Command("unshare", {
      args: [
        "--net",
        "sh",
        "-c",
        TWO_MACHINES,
        "sh",
        ...roleCommand("udp-server"),
      ],
    }).output();
    assertEquals(
      new TextDecoder().decode(stdout).split("\n").find((line) =>
        line.startsWith("answered")
      ),
      "answered 200",
    );
  },
);

Deno.test("serveUdp() answers a client that always asks the same, but for a moment", async () => {
  const { server, port } = serve();
  await using _ = server;
  const socket = new UdpSocket();
  const started = performance.now();
  let sent = 0;
  let answered = 0;
  const answers = (async () => {
    for (;;) {
      await socket.receive();
      answered++;
    }
  })().catch(() => {});
  while (performance.now() - started < 1500) {
    sent++;
    await socket.send(bytes("the same"), port);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => answered > sent / 2, "most of the answers");
  // Three tenths of a second of one and a half are the test, and no more.
  assert(answered < sent, "it was never put to the test");
  socket[Symbol.dispose]();
  await answers;
});

Deno.test("serveUdp() never answers with more than it was asked with", async () => {
  const { server, port } = serve();
  await using _ = server;
  for (const size of [0, 1, 500, 1472, 65_507]) {
    using socket = new UdpSocket();
    await socket.send(noise(size), port);
    assertEquals((await socket.receive()).length, size);
  }
});

Deno.test("serveUdp() serves on through a flood of empty, largest and random datagrams", async () => {
  const { server, port } = serve();
  await using _ = server;
  using flood = new UdpSocket();
  const kinds = [new Uint8Array(0), new Uint8Array(65_507), noise(1000)];
  for (let i = 0; i < 3000; i++) await flood.send(kinds[i % 3], port);
  // Some of the flood may still be in the server's buffer, and fill it.
  await using asking = new UdpPeer(() => {});
  let isServed = false;
  using socket = new UdpSocket();
  socket.receive().then(() => isServed = true);
  for (let i = 0; !isServed; i++) {
    assert(i < 500, "not served");
    await socket.send(bytes(`still here ${i}?`), port);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertEquals(asking.received, 0);
});

/** A guard, and a way to let it see datagrams at chosen milliseconds. */
function guard() {
  const guard = new LoopGuard();
  return (milliseconds: number, data: Uint8Array, port = 5000) =>
    guard.admits(HOST, port, data, 1e9 + milliseconds * 1000);
}

Deno.test("LoopGuard puts to the test what comes again and again, whatever comes between", () => {
  const admits = guard();
  let refusedAt: number | undefined;
  for (let time = 0; time < 1000 && refusedAt === undefined; time++) {
    if (!admits(time, bytes("loop"))) refusedAt = time;
    for (let i = 0; i < 20; i++) assert(admits(time, noise(100), 6000 + i));
  }
  assertEquals(refusedAt, 501);
});

Deno.test("LoopGuard lets a client alone that passed its test, and the slow from the start", () => {
  const admits = guard();
  const refused: number[] = [];
  for (let time = 0; time < 30_000; time += 10) {
    if (!admits(time, bytes("ping"))) refused.push(time);
    assert(time % 200 !== 0 || admits(time, bytes("slow ping")));
  }
  assertEquals([refused[0], refused.at(-1)], [510, 800]);
});

Deno.test("LoopGuard takes all that a talkative service says for the same", () => {
  for (const port of [13, 17, 19, 37]) {
    const admits = guard();
    let refused = 0;
    for (let time = 0; time < 700; time++) {
      if (!admits(time, noise(50), port)) refused++;
    }
    assert(refused > 0, `port ${port}`);
  }
  const admits = guard();
  let refused = 0;
  for (let time = 0; time < 700; time++) {
    if (!admits(time, CHARGEN_CYCLE.subarray(0, time % 500))) refused++;
  }
  assert(refused > 0, "generated text");
});
