/**
 * Random command lines: each ends with a documented exit code, and with a message
 * instead of a stack trace.
 *
 * @module
 */
import { assert } from "@std/assert";
import fc from "fast-check";
import { parseCommandLine } from "../../../cli/command_line/parse.ts";
import { ROLES, TCP_CLIENT, UDP_CLIENT } from "../../../cli/roles.ts";
import { readTcpOrder } from "../../../cli/tcp_order.ts";
import { readTargets } from "../../../cli/targets.ts";
import { readUdpOrder } from "../../../cli/udp_order.ts";
import { UsageError } from "../../../cli/command_line/values.ts";
import { runRole } from "../../setup/process.ts";

const OPTION_NAMES = [
  ...new Set(ROLES.flatMap(({ options }) => Object.keys(options))),
];

/** A word of a command line: an option, a value, or anything at all. */
const word = fc.oneof(
  fc.constantFrom(...OPTION_NAMES).map((name) => `--${name}`),
  fc.tuple(fc.constantFrom(...OPTION_NAMES), fc.string()).map(([name, text]) =>
    `--${name}=${text}`
  ),
  fc.constantFrom("-p", "-m", "-i", "-d", "-4", "-6", "-x", "--", "-", "---"),
  fc.constantFrom("0", "1", "5s", "1e9", "99999", "4KiB", "p99<5ms", "echo"),
  fc.constantFrom("localhost:99", "[::1]:5", "::1", "true", "__proto__"),
  fc.string(),
);

for (const definition of ROLES) {
  Deno.test(`${definition.role} reads any command line, or says what is wrong with it`, () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (args) => {
        try {
          const line = parseCommandLine(definition, args);
          if (line.problem !== undefined) throw line.problem;
          // deno-lint-ignore no-explicit-any -- the line is of a client
          if (definition.positionals !== "") readTargets(line as any);
          // deno-lint-ignore no-explicit-any -- the line is of this client
          if (definition === TCP_CLIENT) readTcpOrder(line as any);
          // deno-lint-ignore no-explicit-any -- the line is of this client
          if (definition === UDP_CLIENT) readUdpOrder(line as any);
        } catch (error) {
          assert(error instanceof UsageError, String(error));
          assert((error as UsageError).message.length > 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  Deno.test(`${definition.role} started with anything ends with a documented exit code`, async () => {
    const codes = definition.exitCodes.map(([code]) => code);
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 5 }),
        async (args) => {
          // An unknown option comes last, so that no program starts to serve, or
          // to send, for ever.
          const all = [...args.filter((each) => each !== "--"), "--no-such"];
          // A process cannot be given a zero byte.
          if (all.some((each) => each.includes("\0"))) return;
          const { code, stderr } = await runRole(definition.role, all);
          assert(codes.includes(code), `${code} for ${JSON.stringify(all)}`);
          assert(!/^\s+at /m.test(stderr), stderr);
          assert(!/\p{Cc}/u.test(stderr.replaceAll("\n", "")), stderr);
        },
      ),
      { numRuns: 8 },
    );
  });
}
