import { assert, assertEquals } from "@std/assert";
import { LARGEST_DATAGRAM } from "../../mod.ts";
import { type Role, ROLES } from "../../cli/roles.ts";
import { readRuns } from "../../report/mod.ts";
import {
  isFromSource,
  type Outcome,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";

/** The demo in text and in JSON, both at once, for all tests. */
let demos: Promise<Outcome[]> | undefined;
const runDemos = () => demos ??= Promise.all([runDemo(), runDemo("--json")]);

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
    const { code, stdout } = (await runDemos())[0];
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
    const { code, stdout } = (await runDemos())[1];
    const { clients, servers, problems } = await readRuns([
      { name: "demo.jsonl", text: stdout },
    ]);
    assertEquals([code, problems, servers.length], [0, [], 7]);
    const measuring = clients.filter(({ started }) => started !== undefined);
    assertEquals(
      measuring.map(({ role, result }) => [role, result?.passed]),
      [["tcp-client", true], ["udp-client", true], ["udp-client", true]],
    );
  },
);

/** Whether the roles' usual ports are free; an example names none. */
function usualPortsAreFree(): boolean {
  try {
    Deno.listen({ port: 27015 }).close();
    for (const port of [7000, 862]) {
      Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port })
        .close();
    }
    return true;
  } catch {
    return false;
  }
}

const free = usualPortsAreFree();

/** Runs an example's command line to its end, or until it serves. */
async function runExample(
  role: Role,
  example: string,
): Promise<[example: string, code: number, stderr: string]> {
  // Split like a shell does: quotes keep a word together, and are removed.
  const args = (example.match(/'[^']*'|"[^"]*"|\S+/g) ?? [])
    .map((word) => word.replaceAll(/["']/g, ""));
  if (role.endsWith("client")) {
    const { code, stderr } = await runRole(role, args);
    return [example, code, stderr];
  }
  await using server = startRole(role, args);
  await server.listening();
  return [example, 0, server.stderr];
}

for (const { role, examples } of ROLES) {
  testWhere(
    free,
    "port 27015, 7000 or 862 is taken, or takes a privilege",
    `every example of ${role} works as pasted`,
    async () => {
      const outcomes: Awaited<ReturnType<typeof runExample>>[] = [];
      if (role.endsWith("server")) {
        // One after the other: most bind the same port.
        for (const [example] of examples) {
          outcomes.push(await runExample(role, example));
        }
      } else {
        const server = role === "tcp-client" ? "tcp-server" : "udp-server";
        await using process = startRole(server, []);
        await process.listening();
        await using reflector = startRole("udp-server", ["--service", "stamp"]);
        await reflector.listening();
        outcomes.push(
          ...await Promise.all(
            examples.map(([example]) => runExample(role, example)),
          ),
        );
      }
      assertEquals(outcomes, examples.map(([example]) => [example, 0, ""]));
    },
  );
}
