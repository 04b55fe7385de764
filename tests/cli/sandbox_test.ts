import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import programs from "../../cli/deno.json" with { type: "json" };
import configuration from "../../deno.json" with { type: "json" };
import { ROLES } from "../../cli/roles.ts";
import { ROLE_ENVIRONMENT } from "../../tasks/entry_module.ts";
import {
  isFromSource,
  roleCommand,
  ROOT,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";

/** Only the first is a permission. */
const FLAGS = [
  "--quiet",
  "--allow-net",
  "--no-prompt",
  "--unstable-net",
  "--v8-flags=--max-semi-space-size=4",
];

for (const { role } of ROLES) {
  Deno.test(`the task ${role} grants the network and nothing else, and sets a role's environment`, () => {
    const variables = Object.entries(ROLE_ENVIRONMENT).map(([name, value]) =>
      `${name}=${value}`
    );
    const entry = `cli/${role.replace("-", "_")}.ts`;
    // Deno shows this one, so it is short.
    assertEquals(
      configuration.tasks[role].command,
      `deno task -qc cli/deno.json --cwd . ${role}`,
    );
    assertEquals(
      programs.tasks[role],
      `${variables.join(" ")} deno run ${FLAGS.join(" ")} ${entry}`,
    );
  });
}

for (const transport of ["tcp", "udp"] as const) {
  Deno.test(`the ${transport} roles work with the network and nothing else, in an empty environment`, async () => {
    const options = { clearEnv: true };
    await using server = startRole(
      `${transport}-server`,
      ["--host", "localhost", "--port", "0", "--log-level", "debug"],
      options,
    );
    const port = await server.listening();
    const { code, stderr } = await runRole(
      `${transport}-client`,
      [
        `localhost:${port}`,
        "--count",
        "3",
        "--size",
        "1000",
        "--log-level",
        "debug",
      ],
      options,
    );
    assertEquals([code, stderr], [0, ""]);
  });
}

testWhere(
  isFromSource(),
  "it runs Deno itself",
  "a role's process can use the network and nothing else",
  async () => {
    const command = roleCommand("tcp-server");
    // Started like a role, with another entry module.
    const entry = fileURLToPath(
      import.meta.resolve("../setup/sandbox_probe.ts"),
    );
    const probe = [...command.slice(0, -1), entry];
    assertEquals(probe.slice(1, -1), ["run", ...FLAGS]);
    await using process = new TestProcess(probe);
    const { code, stdout } = await process.outcome();
    assertEquals(code, 0);
    assertEquals(JSON.parse(stdout), {
      "read a file": "NotCapable",
      "list a folder": "NotCapable",
      "write a file": "NotCapable",
      "read the environment": "NotCapable",
      "start a program": "NotCapable",
      "load a library": "NotCapable",
      "ask for the host's name": "NotCapable",
      "use the network": "done",
    });
    assertEquals(
      [...Deno.readDirSync(ROOT)].some(({ name }) => name === "escaped"),
      false,
    );
  },
);
