/**
 * Malicious datagrams, and clients that only look like it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  serveUdp,
  type ServeUdpOptions,
  type Service,
  type UdpServer,
  type UdpServerEvent,
} from "../../../mod.ts";
import { isUnicast } from "../../../net/address.ts";
import { CHARGEN_CYCLE } from "../../../net/chargen.ts";
import { LoopGuard } from "../../../udp/server/loop_guard.ts";
import { parseEvents } from "../../setup/events.ts";
import { bytes, noise } from "../../setup/bytes.ts";
import { CAN_FORGE, forge } from "../../setup/forge.ts";
import { roleCommand, startRole } from "../../setup/process.ts";
import { UdpPeer, UdpSocket } from "../../setup/udp_peer.ts";
import { until } from "../../setup/until.ts";
import { isInstalled, testWhere } from "../../setup/where.ts";

const HOST = "127.0.0.1";

/** A server on the loopback, and the events it emitted. */
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

/**
 * Servers that answer each other, the datagrams that they received, and the answers
 * that they suppressed.
 */
class Loops implements AsyncDisposable {
  received = 0;
  #forged = 0;
  #ended = 0;
  readonly #servers: UdpServer[] = [];

  /** Adds a server; returns its port. */
  add(service: Service, loopGuard = true): number {
    const onEvent = ({ event }: UdpServerEvent) => {
      if (event === "datagram") this.received++;
      if (event === "suppressed") this.#ended++;
    };
    const { server, port } = serve({
      service,
      loopGuard,
      onEvent,
      detail: true,
    });
    this.#servers.push(server);
    return port;
  }

  /** Forges datagrams between two ports. */
  async forge(from: number, to: number, ...payloads: string[]): Promise<void> {
    this.#forged += payloads.length;
    await forge(from, to, ...payloads);
  }

  /** Waits for the end of each: a loop is over once one answer is suppressed. */
  async end(): Promise<void> {
    await until(() => this.#ended >= this.#forged, "the end of the loops");
  }

  /** Answers suppressed. */
  async suppressed(): Promise<number> {
    let suppressed = 0;
    for (const server of this.#servers) {
      await server.shutdown();
      suppressed += (await server.finished).datagrams.suppressed;
    }
    return suppressed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.shutdown();
  }
}

/** The most datagrams that one forged datagram causes between two servers of which one is guarded. */
const MOST = 2000;

function forgingTest(name: string, fn: () => Promise<void>): void {
  testWhere(CAN_FORGE, "needs root and python3", name, fn);
}

for (
  const [one, other] of [["echo", "echo"], ["echo", "chargen"], [
    "chargen",
    "chargen",
  ]] as const
) {
  forgingTest(
    `a forged datagram between ${one} and ${other} goes round for a moment only`,
    async () => {
      await using loops = new Loops();
      const first = loops.add(one);
      const second = loops.add(other);
      await loops.forge(first, second, "round and round");
      await loops.end();
      assert(loops.received <= MOST, `${loops.received} datagrams`);
      // Both still serve, and the same address and port, too.
      for (const port of [first, second]) {
        using socket = new UdpSocket();
        await socket.send(bytes("still here?"), port);
        await socket.receive();
      }
      assertEquals(await loops.suppressed(), 1);
    },
  );
}

forgingTest(
  "a forged datagram between serveUdp() and an unguarded echo loops only for a moment",
  async () => {
    await using loops = new Loops();
    await using foreign = new UdpPeer((data, answer) => answer(data));
    await loops.forge(loops.add("echo"), foreign.port, "round and round");
    await loops.end();
    const turns = loops.received + foreign.received;
    assert(turns <= MOST, `${turns} datagrams`);
    assertEquals(await loops.suppressed(), 1);
  },
);

forgingTest(
  "the same datagram, forged again and again, loops no longer each time",
  async () => {
    await using loops = new Loops();
    const first = loops.add("echo");
    const second = loops.add("echo");
    for (let times = 1; times <= 5; times++) {
      const before = loops.received;
      await loops.forge(first, second, "round and round");
      await loops.end();
      assert(loops.received - before <= MOST, `${loops.received} datagrams`);
    }
    assertEquals(await loops.suppressed(), 5);
  },
);

forgingTest("forged datagrams among three servers all end", async () => {
  await using loops = new Loops();
  const [first, second, third] = [1, 2, 3].map(() => loops.add("echo"));
  await loops.forge(first, second, "round and round");
  await loops.forge(second, third, "round and round");
  await loops.forge(third, first, "round and round");
  await loops.end();
  assert(loops.received <= 3 * MOST, `${loops.received} datagrams`);
  assertEquals(await loops.suppressed(), 3);
});

forgingTest("fifty different forged datagrams at once all end", async () => {
  await using loops = new Loops();
  const first = loops.add("echo");
  const payloads = Array.from({ length: 50 }, (_, i) => `loop ${i}`);
  await loops.forge(first, loops.add("echo"), ...payloads);
  await loops.end();
  assertEquals(await loops.suppressed(), 50);
});

forgingTest(
  "without the guard, a forged datagram loops on and on",
  async () => {
    await using loops = new Loops();
    await forge(
      loops.add("echo", false),
      loops.add("echo", false),
      "on and on",
    );
    await until(() => loops.received > 5 * MOST, "a loop");
    assertEquals(await loops.suppressed(), 0);
  },
);

forgingTest("serveUdp() does not answer port 0, and counts it", async () => {
  const { server, events, port } = serve();
  await using _ = server;
  await forge(0, port, "nobody");
  await until(() => events.some(({ event }) => event === "rejected"), "it");
  await server.shutdown();
  const { rejected, faults } = await server.finished;
  assertEquals([rejected, faults], [1, 0]);
});

Deno.test("isUnicast() tells multicast, broadcast and unspecified addresses apart from single peers", () => {
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

/**
 * Sends datagrams to a server from one socket as fast as it receives them.
 *
 * @returns The server's summary, and how many answers came back.
 */
async function sendAll(
  options: ServeUdpOptions,
  datagrams: Iterable<Uint8Array>,
) {
  let received = 0;
  const { server, port } = serve({
    ...options,
    detail: true,
    onEvent: ({ event }) => void (event === "datagram" && received++),
  });
  await using _ = server;
  using socket = new UdpSocket();
  let answered = 0;
  (async () => {
    for (;; answered++) await socket.receive();
  })().catch(() => {});
  let sent = 0;
  for (const datagram of datagrams) {
    await socket.send(datagram, port);
    sent++;
    while (sent - received > 50) {
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  await until(() => received === sent, "the last datagram");
  await server.shutdown();
  const summary = await server.finished;
  await until(() => answered === summary.datagrams.sent, "the last answer");
  return summary;
}

function* times(count: number, make: (i: number) => Uint8Array) {
  for (let i = 0; i < count; i++) yield make(i);
}

Deno.test("serveUdp() suppresses at most two in a thousand answers to equal datagrams, and counts them", async () => {
  const same = noise(64);
  const { datagrams: { received, sent, suppressed }, rejected } = await sendAll(
    {},
    times(10_000, () => same),
  );
  assertEquals(received, 10_000);
  assertEquals(sent, 10_000 - suppressed);
  assert(suppressed >= 10 && suppressed <= 20, `${suppressed}`);
  assertEquals(rejected, 0);
});

Deno.test("serveUdp() answers every datagram that varies, if only in one byte", async () => {
  const varying = noise(1472);
  const { datagrams } = await sendAll(
    {},
    times(10_000, (i) => {
      varying[700] = i;
      return varying;
    }),
  );
  assertEquals([datagrams.sent, datagrams.suppressed], [10_000, 0]);
});

Deno.test("serveUdp() with discard suppresses nothing", async () => {
  const same = noise(64);
  const { datagrams } = await sendAll(
    { service: "discard" },
    times(2000, () => same),
  );
  assertEquals([datagrams.received, datagrams.suppressed], [2000, 0]);
});

for (
  const [setting, least, most, name] of [
    ["on", 2, 4, "emits an event for a suppressed answer"],
    ["off", 0, 0, "answers all of the same"],
  ] as const
) {
  Deno.test(`udp-server --loop-guard ${setting} ${name}`, async () => {
    await using server = startRole("udp-server", [
      "--json",
      "--host",
      HOST,
      "--port",
      "0",
      "--loop-guard",
      setting,
    ]);
    const port = await server.listening();
    using socket = new UdpSocket();
    let answered = 0;
    (async () => {
      for (;; answered++) await socket.receive();
    })().catch(() => {});
    for (let sent = 1; sent <= 2000; sent++) {
      await socket.send(bytes("the same"), port);
      if (sent % 50 > 0) continue;
      await until(() => answered >= sent - most, "answers");
    }
    server.signal("SIGTERM");
    const { stdout } = await server.outcome();
    const events = parseEvents(stdout);
    const { suppressed, received } = events.at(-1)!.datagrams;
    assertEquals(received, 2000);
    assert(suppressed >= least && suppressed <= most, stdout);
    assertEquals(
      events.some(({ event }) => event === "suppressed"),
      suppressed > 0,
    );
  });
}

Deno.test("serveUdp() checks each peer's address, whoever came before", async () => {
  const { server, port } = serve({ allow: ["127.0.0.1"] });
  await using _ = server;
  using near = new UdpSocket();
  const far = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.2",
    port: 0,
  });
  const to = { transport: "udp" as const, hostname: HOST, port };
  for (let i = 0; i < 10; i++) {
    await far.send(bytes(`far ${i}`), to);
    await near.send(bytes(`near ${i}`), port);
    assertEquals(await near.receive(), bytes(`near ${i}`));
  }
  far.close();
  await server.shutdown();
  const { rejected, datagrams } = await server.finished;
  assertEquals([rejected, datagrams.received], [10, 10]);
});

Deno.test("serveUdp() never answers with more than it received", async () => {
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
  using asking = new UdpSocket();
  let answer: Uint8Array | undefined;
  asking.receive().then((data) => answer = data);
  await until(async () => {
    await asking.send(bytes("still here?"), port);
    return answer !== undefined;
  }, "an answer");
  assertEquals(answer, bytes("still here?"));
  await server.shutdown();
  const { datagrams, rejected, faults } = await server.finished;
  assertEquals(datagrams.sent, datagrams.received - datagrams.suppressed);
  assertEquals([rejected, faults], [0, 0]);
});

/** Pseudo-random numbers, the same in each run. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A guard that sees datagrams at chosen milliseconds. */
class Guarded {
  readonly #buffer = new Uint8Array(65_536);
  #time = 1e9;
  readonly #guard: LoopGuard;

  constructor(random: () => number = draws(1)) {
    this.#guard = new LoopGuard(this.#buffer, random, () => this.#time);
  }

  /** Whether a datagram is answered that comes so many milliseconds after the last. */
  answers(data: Uint8Array, port = 5000, after = 0.01): boolean {
    this.#time += after * 1000;
    this.#buffer.set(data);
    return this.#guard.admits(HOST, port, data.length);
  }

  /** Shows it equal datagrams; returns which were suppressed, from 1. */
  unanswered(times: number, data: Uint8Array, port?: number, after?: number) {
    const left: number[] = [];
    for (let i = 1; i <= times; i++) {
      if (!this.answers(data, port, after)) left.push(i);
    }
    return left;
  }
}

/** From each number to the next. */
function steps(numbers: number[]): number[] {
  return numbers.map((each, i) => each - (numbers[i - 1] ?? 0));
}

Deno.test("LoopGuard suppresses one of 500 to 1000 equal datagrams, as drawn", () => {
  const same = bytes("the same");
  const fewest = new Guarded(() => 0).unanswered(2000, same);
  assertEquals(fewest, [500, 1000, 1500, 2000]);
  const most = new Guarded(() => 1 - 2 ** -32).unanswered(2000, same);
  assertEquals(most, [1000, 2000]);
  const rows = steps(new Guarded().unanswered(100_000, same));
  assert(rows.every((row) => row >= 500 && row <= 1000), rows.join());
  assert(new Set(rows).size > rows.length / 2, "they are not drawn");
});

Deno.test("LoopGuard counts equal datagrams whatever comes between, from whichever peer", () => {
  const guarded = new Guarded(() => 0);
  const same = bytes("the same");
  const left: number[] = [];
  for (let i = 1; i <= 1100; i++) {
    if (!guarded.answers(same)) left.push(i);
    for (let other = 0; other < 200; other++) {
      assert(guarded.answers(noise(100), 6000 + other));
    }
  }
  assertEquals([left.length, left[0]], [2, 500]);
  // One of the others may have taken its place meanwhile, for a while.
  assert(left[1] >= 1000 && left[1] <= 1070, `${left[1]}`);
});

Deno.test("LoopGuard counts equal datagrams that come once a second, and none that come less often", () => {
  const same = bytes("the same");
  const guarded = new Guarded(() => 0);
  assertEquals(guarded.unanswered(500, same, 5000, 1000), [500]);
  assertEquals(guarded.unanswered(2000, same, 5000, 1001), []);
});

Deno.test("LoopGuard starts over after a pause", () => {
  const guarded = new Guarded(() => 0);
  const same = bytes("the same");
  assertEquals(guarded.unanswered(496, same), []);
  assertEquals(guarded.answers(same, 5000, 8001), true);
  assertEquals(guarded.unanswered(499, same), [499]);
});

Deno.test("LoopGuard tells apart senders, lengths, and datagrams of which one byte differs", () => {
  for (const size of [9, 10, 11, 64, 259, 260, 1472]) {
    const data = noise(size);
    const [first] = new Guarded(() => 0).unanswered(1000, data);
    const guarded = new Guarded(() => 0);
    assertEquals(guarded.unanswered(first - 1, data), []);
    assert(guarded.answers(data, 5001));
    assert(guarded.answers(data.subarray(1)));
    for (let at = 0; at < size; at++) {
      data[at] ^= 1 << at % 8;
      assert(guarded.answers(data), `byte ${at} of ${size}`);
      data[at] ^= 1 << at % 8;
    }
    // Of a long one, all counts only while its ends have come a hundred times.
    assertEquals(guarded.unanswered(100, data).length, 1, `${size} bytes`);
  }
});

Deno.test("LoopGuard suppresses nothing that varies in a byte, wherever it is", () => {
  const data = noise(1472);
  for (const at of [0, 1, 127, 128, 129, 700, 1343, 1344, 1345, 1471]) {
    const guarded = new Guarded();
    for (let i = 0; i < 20_000; i++) {
      data[at] = i;
      assert(guarded.answers(data), `byte ${at}, datagram ${i}`);
    }
  }
});

Deno.test("LoopGuard counts all datagrams of a talkative service as equal", () => {
  for (const port of [13, 17, 19, 37]) {
    const guarded = new Guarded(() => 0);
    for (let i = 1; i < 500; i++) assert(guarded.answers(noise(50), port));
    assert(!guarded.answers(noise(50), port), `port ${port}`);
  }
  const guarded = new Guarded(() => 0);
  for (let i = 1; i < 500; i++) {
    assert(guarded.answers(CHARGEN_CYCLE.subarray(0, i)));
  }
  assert(!guarded.answers(new Uint8Array(0)), "generated text");
});

/**
 * Datagrams that loop among servers, some of them without a guard (`undefined`),
 * until none is left.
 *
 * @param beside How many varied datagrams each guard sees between two of them.
 * @returns How often each datagram was answered.
 */
function goRound(
  servers: (Guarded | undefined)[],
  datagrams: Uint8Array[],
  beside = 0,
): number[] {
  const answers = datagrams.map(() => 0);
  let going = datagrams.map((data, i) => ({ data, i, at: 0 }));
  while (going.length > 0) {
    going = going.filter((each) => {
      const from = 5000 + each.at;
      each.at = (each.at + 1) % servers.length;
      const guarded = servers[each.at];
      for (let i = 0; i < beside; i++) guarded?.answers(noise(40), 9000);
      if (guarded?.answers(each.data, from) === false) return false;
      return ++answers[each.i] < 1e6;
    });
  }
  return answers;
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

for (
  const [name, make] of [
    ["two guarded servers", () => [new Guarded(), new Guarded(draws(2))]],
    ["a guarded server and one without", () => [new Guarded(), undefined]],
    ["a ring of three", () => [1, 2, 3].map((i) => new Guarded(draws(i)))],
  ] as [string, () => (Guarded | undefined)[]][]
) {
  const most = name.includes("three") ? 3000 : 2000;

  Deno.test(`one forged datagram is answered at most ${most} times among ${name}, however often it is forged`, () => {
    const servers = make();
    const answers = Array.from(
      { length: 50 },
      () => goRound(servers, [bytes("round")])[0],
    );
    assert(Math.max(...answers) <= most, `${answers}`);
    assert(median(answers) < 2000, `${median(answers)}`);
  });

  Deno.test(`fifty of the same forged at once are answered no more often each among ${name}`, () => {
    const answers = goRound(make(), Array(50).fill(bytes("round")));
    const total = answers.reduce((sum, each) => sum + each);
    assert(total <= 50 * most, `${total}`);
  });

  Deno.test(`fifty different ones at once all end among ${name}`, () => {
    const datagrams = Array.from({ length: 50 }, (_, i) => bytes(`loop ${i}`));
    const answers = goRound(make(), datagrams);
    // Some may share a place, and take turns.
    assert(Math.max(...answers) <= 10_000, `${answers}`);
    assert(median(answers) < 2000, `${median(answers)}`);
  });
}

Deno.test("of five thousand different long datagrams, none loops much longer than the others", () => {
  const data = new Uint8Array(300);
  const view = new DataView(data.buffer);
  const servers = [new Guarded(), undefined];
  for (let i = 0; i < 5000; i++) {
    view.setUint32(0, i);
    const [answers] = goRound(servers, [data]);
    assert(answers <= 3000, `${answers} answers to datagram ${i}`);
  }
});

Deno.test("a forged datagram loops no longer beside a flood of varied ones", () => {
  const servers = [new Guarded(), new Guarded(draws(2))];
  const [answers] = goRound(servers, [bytes("round")], 300);
  // It may wait for its place for some turns.
  assert(answers <= 2200, `${answers}`);
});

Deno.test("a thousand different forged datagrams at once all end", () => {
  const datagrams = Array.from({ length: 1000 }, (_, i) => bytes(`loop ${i}`));
  const answers = goRound([new Guarded(), undefined], datagrams);
  // Some share a place, and take turns.
  assert(Math.max(...answers) <= 10_000, `${Math.max(...answers)}`);
  assert(median(answers) < 2000, `${median(answers)}`);
});
