import { assert, assertEquals } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { freePort } from "../setup/free_port.ts";
import { runRole, startRole } from "../setup/process.ts";
import { signalTest } from "../setup/where.ts";

for (const transport of ["tcp", "udp"] as const) {
  const server = `${transport}-server` as const;
  const client = `${transport}-client` as const;
  const listen = ["--host", "127.0.0.1", "--port", "0"];

  Deno.test(`${client} --quiet prints one line for one message`, async () => {
    await using serving = startRole(server, listen);
    const target = `127.0.0.1:${await serving.listening()}`;
    const { code, stdout, stderr } = await runRole(client, [target, "-q"]);
    assertEquals([code, stderr], [0, ""]);
    assert(
      /^passed: 14 bytes sent, 14 bytes back in \S+ \S+\n$/.test(stdout),
      stdout,
    );
  });

  Deno.test(`${client} --quiet prints the result and the verdicts alone, of messages that are printed otherwise`, async () => {
    await using serving = startRole(server, listen);
    const target = `127.0.0.1:${await serving.listening()}`;
    const args = [target, "-c", "3", "-i", "1ms", "--expect", "p99<1us"];
    const loud = await runRole(client, args);
    assert(/^1: 64 bytes in /m.test(loud.stdout), loud.stdout);
    const { code, stdout, stderr } = await runRole(client, [...args, "-q"]);
    assertEquals(code, 1);
    const lines = stdout.trimEnd().split("\n");
    assert(lines[0].startsWith("failed: 3 sent, 3 back in "), stdout);
    assert(lines.at(-1)!.startsWith("expected p99 < 1 us: "), stdout);
    // On a busy machine the result warns of itself.
    const others = lines.slice(1, -1).filter((line) =>
      !/^ +[a-z\d]|^warning: /.test(line)
    );
    assertEquals(others, [], stdout);
    assertEquals(
      stderr,
      `${client}: 1 of 1 expectation did not hold\n`,
    );
    const json = await runRole(client, [...args, "-q", "--json"]);
    assertEquals(parseEvents(json.stdout).map(({ event }) => event), [
      "result",
      "error",
    ]);
  });

  signalTest(`${server} --quiet prints its summary alone`, async () => {
    const port = freePort();
    await using serving = startRole(server, [
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--quiet",
    ]);
    const { code } = await runRole(client, [
      `127.0.0.1:${port}`,
      "--retry-for",
      "10s",
    ]);
    assertEquals(code, 0);
    serving.signal("SIGINT");
    const { stdout, stderr } = await serving.outcome();
    assert(/^Stopped after [^\n]*14 bytes[^\n]*\n$/.test(stdout), stdout);
    assertEquals(stderr, "");
  });
}

Deno.test("--quiet leaves errors", async () => {
  const { code, stdout, stderr } = await runRole("tcp-client", [
    `127.0.0.1:${freePort()}`,
    "--quiet",
  ]);
  assertEquals([code, stdout], [3, ""]);
  assert(stderr.startsWith("tcp-client: Unable to connect"), stderr);
});

Deno.test("--quiet with --log-level keeps the diagnostics of that level", async () => {
  const { stderr } = await runRole("tcp-client", [
    `127.0.0.1:${freePort()}`,
    "--retry-for",
    "300ms",
    "--quiet",
    "--log-level",
    "debug",
  ]);
  assert(stderr.includes(" [DBG] echosounder: "), stderr);
});
