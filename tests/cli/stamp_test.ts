/**
 * `udp-client --service stamp` as a process, in its sandbox, against
 * `udp-server --service stamp`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { LOCAL } from "../setup/exchange.ts";
import { freePort } from "../setup/free_port.ts";
import { runRole, startRole } from "../setup/process.ts";
import { UdpRelay } from "../setup/relay.ts";
import { UdpSocket } from "../setup/udp_peer.ts";

const STAMP = ["--service", "stamp"];

/** What a program is given on standard input. */
const input = (text: string) => new Blob([text]).stream();

Deno.test("udp-client --service stamp says what was lost on each way, judges it, and exits 1", async () => {
  await using server = startRole("udp-server", [...LOCAL, ...STAMP]);
  using relay = new UdpRelay({
    port: await server.listening(),
    lose: [5],
    out: { lose: [10, 20, 100] },
  });
  const { code, stdout } = await runRole("udp-client", [
    `127.0.0.1:${relay.port}`,
    ...STAMP,
    ...["--count", "100", "--rate", "500", "--timeout", "500ms", "--json"],
    ...["--expect", "loss.out<=2", "--expect", "loss.back<=1%"],
    ...["--expect", "loss<=10"],
  ]);
  const events = parseEvents(stdout);
  const result = events.find(({ event }) => event === "result")!;
  const { out, back, lost_unknown, notes } = result.directions;
  assertEquals([out.lost, back.lost, lost_unknown, notes], [3, 1, 0, []]);
  assertEquals(code, 1);
  assertEquals(
    // deno-lint-ignore no-explicit-any -- the schema has checked it
    result.expectations.map(({ metric, held }: any) => [metric, held]),
    [["loss.out", false], ["loss.back", true], ["loss", true]],
  );
  const interval = events.find(({ event }) => event === "interval")!;
  assert(interval.directions.out.variation_us.p99 >= 0);
  const started = events.find(({ event }) => event === "started")!;
  assertEquals([started.service, started.size], ["stamp", 44]);
});

Deno.test("udp-client --service stamp shows both ways as text, and ends by itself", async () => {
  await using server = startRole("udp-server", [...LOCAL, ...STAMP]);
  const port = await server.listening();
  const { code, stdout } = await runRole("udp-client", [
    `127.0.0.1:${port}`,
    ...STAMP,
  ]);
  assertEquals(code, 0);
  for (
    const line of [
      /^passed: 10 sent, 10 back/m,
      /^ {2}way out +0 lost, 0 duplicated$/m,
      /^ {2}way back +0 lost, 0 duplicated$/m,
      /^ {2}reflector +p50 .*, p99 /m,
      /^ {2}clocks +the reflector's is .* (ahead|behind)$/m,
      /relative to the fastest/,
    ]
  ) assert(line.test(stdout), stdout);
});

Deno.test("udp-client --service stamp --size with a list measures each size, from the same port, and ends by itself", async () => {
  await using server = startRole("udp-server", [...LOCAL, ...STAMP]);
  const first = freePort();
  const { code, stdout } = await runRole("udp-client", [
    `127.0.0.1:${await server.listening()}`,
    ...STAMP,
    ...["--size", "44,128,1472", "--source-port", `${first}`, "--json"],
  ]);
  assertEquals(code, 0, stdout);
  const events = parseEvents(stdout);
  const of = (name: string) => events.filter(({ event }) => event === name);
  assertEquals(
    of("started").map(({ size, local_port }) => [size, local_port]),
    [44, 128, 1472].map((size) => [size, first]),
  );
  assertEquals(
    of("result").map(({ size, bytes_sent, directions }) => [
      size,
      bytes_sent,
      directions.out.lost,
    ]),
    [44, 128, 1472].map((size) => [size, 10 * size, 0]),
  );
  assertEquals(events.at(-1)!.event, "sweep");
});

Deno.test("udp-client --service stamp with a key on standard input is answered by a server that has it, and by no other", async () => {
  const AUTH = [...STAMP, "--auth-key-file", "-"];
  await using server = startRole("udp-server", [...LOCAL, ...AUTH], {
    stdin: input("one key\n"),
  });
  const port = await server.listening();
  const ask = (key: string) =>
    runRole("udp-client", [
      `127.0.0.1:${port}`,
      ...AUTH,
      ...["--count", "3", "--timeout", "300ms"],
    ], { stdin: input(key) });
  assertEquals((await ask("one key\n")).code, 0);
  assertEquals((await ask("another\n")).code, 4);
});

Deno.test("udp-client --service stamp ends with 4 where no reflector is", async () => {
  using nobody = new UdpSocket();
  const { code, stderr } = await runRole("udp-client", [
    `127.0.0.1:${nobody.port}`,
    ...STAMP,
    ...["--count", "3", "--timeout", "200ms"],
  ]);
  assertEquals(code, 4);
  assert(stderr.includes("no answer for 200 ms"), stderr);
});

for (
  const [args, message] of [
    [["--size", "46"], "44 bytes, or from 48 on"],
    [["--size", "44,46"], "--size 46: a packet of STAMP has 44 bytes"],
    [
      ["--size", "44..128", "--count", "3"],
      "packets have one size, or a list of them: --size 44,128",
    ],
    [
      ["--size", "44,128", "--rate", "100"],
      "--size with a list needs --count or --duration",
    ],
    [["--size", "100", "--auth-key-file", "-"], "112 bytes, or from 116 on"],
    [["--auth-key-file", "key.txt"], "write -"],
    [["--message", "hello"], "--message"],
  ] as const
) {
  Deno.test(`udp-client --service stamp ${args.join(" ")} is refused with what would be right`, async () => {
    const { code, stderr } = await runRole("udp-client", [
      "127.0.0.1:9",
      ...STAMP,
      ...args,
    ]);
    assertEquals(code, 2);
    assert(stderr.includes(message), stderr);
  });
}

Deno.test("what only STAMP has is refused with another service", async () => {
  for (
    const [args, message] of [
      [["--clock-synchronized"], "--clock-synchronized needs --service stamp"],
      [["--auth-key-file", "-"], "--auth-key-file needs --service stamp"],
      [
        ["--count", "1", "--expect", "loss.out<=0"],
        "with --service echo over UDP there is no loss.out",
      ],
    ] as const
  ) {
    const { code, stderr } = await runRole("udp-client", [
      "127.0.0.1:9",
      ...args,
    ]);
    assertEquals(code, 2);
    assert(stderr.includes(message), stderr);
  }
});
