/**
 * The client programs with several sizes, bandwidths and bursts.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { bandwidth, throughput } from "../../cli/command_line/values.ts";
import { LOCAL } from "../setup/exchange.ts";
import { parseEvents } from "../setup/events.ts";
import { runRole, startRole } from "../setup/process.ts";
import { UdpPeer } from "../setup/udp_peer.ts";

const HOST = "127.0.0.1";

Deno.test("a throughput is written in bits or bytes a second", () => {
  const cases: [text: string, bytes: number][] = [
    ["50Mbit/s", 6_250_000],
    ["6MB/s", 6_000_000],
    ["1Gbit/s", 125_000_000],
    ["500kbit/s", 62_500],
    ["9.6kbit/s", 1200],
    ["1MiB/s", 1_048_576],
    ["100bit/s", 12.5],
    ["1B/s", 1],
    ["50mbit/s", 6_250_000],
  ];
  for (const [text, bytes] of cases) {
    assertEquals([throughput(text), bandwidth(text)], [bytes, bytes], text);
  }
  assertEquals(throughput("0MB/s"), 0);
});

for (const transport of ["tcp", "udp"] as const) {
  Deno.test(`${transport}-client --size with a list measures each size, and sums up in a table`, async () => {
    await using server = startRole(`${transport}-server`, LOCAL);
    const target = `${HOST}:${await server.listening()}`;
    const sizes = [1472, 64, 512];
    const args = [target, "--size", sizes.join(","), "--count", "20"];
    const { code, stdout } = await runRole(`${transport}-client`, [
      ...args,
      "--json",
    ]);
    assertEquals(code, 0, stdout);
    const events = parseEvents(stdout);
    const of = (name: string) => events.filter(({ event }) => event === name);
    assertEquals(of("started").map(({ size }) => size), sizes);
    const results = of("result").map(({ size, bytes_received }) => [
      size,
      bytes_received,
    ]);
    assertEquals(results, sizes.map((size) => [size, 20 * size]));
    const last = events.at(-1)!;
    assertEquals([last.event, last.passed], ["sweep", true]);
    const swept = last.sizes as Record<string, unknown>[];
    assertEquals(
      swept.map(({ size, passed, messages_received, bytes_received }) => [
        size,
        passed,
        messages_received,
        bytes_received,
      ]),
      sizes.map((size) => [size, true, 20, 20 * size]),
    );

    const quiet = await runRole(`${transport}-client`, [...args, "--quiet"]);
    const table = quiet.stdout.split("by size\n")[1].split("\n");
    assertEquals(
      table.slice(1, 4).map((line) => Number(line.trim().split(/ +/)[0])),
      sizes,
    );
    assert(quiet.stdout.includes("1472 bytes: passed: 20 sent"), quiet.stdout);
  });
}

Deno.test("udp-client --size with a list goes on after a size that is lost, and says which", async () => {
  await using peer = new UdpPeer((data, answer) =>
    data.length > 1000 ? undefined : answer(data)
  );
  const { code, stdout, stderr } = await runRole("udp-client", [
    `${HOST}:${peer.port}`,
    "--size",
    "64,1472,512",
    "--count",
    "3",
    "--timeout",
    "150ms",
  ]);
  assertEquals(code, 4);
  assert(
    stderr.startsWith("udp-client: 1472 bytes: no answer for 150 ms"),
    stderr,
  );
  const table = stdout.split("by size\n")[1].trimEnd().split("\n").slice(1);
  assertEquals(table.map((line) => line.includes("failed")), [
    false,
    true,
    false,
  ]);
});

Deno.test("udp-client draws the same sizes again by the seed that it prints", async () => {
  const sizesOf = async (more: string[]) => {
    const sizes: number[] = [];
    await using peer = new UdpPeer((data, answer) => {
      sizes.push(data.length);
      return answer(data);
    });
    const { stdout } = await runRole("udp-client", [
      `${HOST}:${peer.port}`,
      "--size",
      "64..1472",
      "--count",
      "30",
      ...more,
    ]);
    return { sizes, stdout };
  };
  const first = await sizesOf([]);
  const [, seed] = /^sizes from 64 to 1472 bytes, --seed (\d+)$/m
    .exec(first.stdout) ?? [];
  assert(seed !== undefined, first.stdout);
  const again = await sizesOf(["--seed", seed]);
  assertEquals(again.sizes, first.sizes);
  assert(new Set(first.sizes).size > 20, String(first.sizes));
});

Deno.test("tcp-client --bandwidth one way sends that much, in bits and bytes a second, and is judged by it", async () => {
  await using server = startRole("tcp-server", [
    ...LOCAL,
    "--service",
    "discard",
  ]);
  const { code, stdout } = await runRole("tcp-client", [
    `${HOST}:${await server.listening()}`,
    "--service",
    "discard",
    "--bandwidth",
    "8Mbit/s",
    "--burst",
    "2",
    "--duration",
    "500ms",
    "--expect",
    "throughput>=7Mbit/s",
    "--expect",
    "throughput<=1.2MB/s",
  ]);
  assertEquals(code, 0, stdout);
  // 500 kB in pieces of 16 KiB, two at a time: 32 of them, less than 31 before
  // the end.
  assert(stdout.includes("passed: 32 sent"), stdout);
  assert(/, 1\.\d\d MB\/s out\n +8\.\d\d Mbit\/s out$/m.test(stdout), stdout);
  assert(
    stdout.includes("expected throughput >= 875 kB/s (7 Mbit/s): 1."),
    stdout,
  );
});
