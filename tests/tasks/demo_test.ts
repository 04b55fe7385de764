import { assert, assertEquals } from "@std/assert";
import { LARGEST_DATAGRAM } from "../../mod.ts";
import { ROLES } from "../../cli/roles.ts";
import { readRuns } from "../../report/mod.ts";
import {
  isFromSource,
  type Outcome,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";

async function runDemo(...args: string[]): Promise<Outcome> {
  const task = [Deno.execPath(), "task", "--quiet", "demo"];
  await using demo = new TestProcess([...task, ...args]);
  return await demo.outcome();
}

testWhere(
  isFromSource(),
  "it runs Deno itself",
  "the demo shows all four roles and ends well",
  async () => {
    const { code, stdout } = await runDemo();
    assertEquals(code, 0);
    for (const { role } of ROLES) assert(stdout.includes(`${role} |`), role);
    assert(stdout.includes("tcp-client | Bytes received: 1048576"), stdout);
    assert(
      stdout.includes(`udp-client | Bytes received: ${LARGEST_DATAGRAM[4]}`),
      stdout,
    );
    assert(stdout.includes("\nEvery byte came back.\n"), stdout);
    assert(!stdout.includes("\x1b"), "colours in a pipe");
  },
);

testWhere(
  isFromSource(),
  "it runs Deno itself",
  "the demo's events can be read for a report",
  async () => {
    const { code, stdout } = await runDemo("--json");
    const { clients, servers, problems } = await readRuns([
      { name: "demo.jsonl", text: stdout },
    ]);
    assertEquals([code, problems, servers.length], [0, [], 6]);
    const measuring = clients.filter(({ started }) => started !== undefined);
    assertEquals(
      measuring.map(({ role, result }) => [role, result?.passed]),
      [["tcp-client", true], ["udp-client", true]],
    );
  },
);

/** Whether the roles' usual ports are free; an example names none. */
function usualPortsAreFree(): boolean {
  try {
    Deno.listen({ port: 27015 }).close();
    Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 7000 })
      .close();
    return true;
  } catch {
    return false;
  }
}

const free = usualPortsAreFree();

for (const { role, examples } of ROLES) {
  const server = role === "tcp-client" ? "tcp-server" : "udp-server";
  for (const [example] of examples) {
    testWhere(
      free,
      "port 27015 or 7000 is taken",
      `the example ${role} ${example} works as pasted`,
      async () => {
        // As a shell takes it: quotes hold a word together, and are no part of it.
        const args = (example.match(/'[^']*'|"[^"]*"|\S+/g) ?? [])
          .map((word) => word.replaceAll(/["']/g, ""));
        if (role.endsWith("server")) {
          await using process = startRole(role, args);
          await process.listening();
          return;
        }
        await using process = startRole(server, []);
        await process.listening();
        const { code, stderr } = await runRole(role, args);
        assertEquals([code, stderr], [0, ""]);
      },
    );
  }
}
