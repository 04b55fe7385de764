import { assert, assertEquals } from "@std/assert";
import configuration from "../../../deno.json" with { type: "json" };
import {
  type CommandLine,
  parseCommandLine,
} from "../../../cli/command_line/parse.ts";
import { UsageError } from "../../../cli/command_line/values.ts";
import {
  type Role,
  ROLES,
  TCP_CLIENT,
  type UDP_CLIENT,
} from "../../../cli/roles.ts";
import { readTcpOrder } from "../../../cli/tcp_order.ts";
import { readUdpOrder } from "../../../cli/udp_order.ts";
import { parseEvents } from "../../setup/events.ts";
import { runRole } from "../../setup/process.ts";

/** Wrong command lines, and their messages. */
const WRONG: [role: Role, args: string[], message: string][] = [
  [
    "tcp-server",
    ["--prot", "1"],
    "unknown option --prot; did you mean --port?",
  ],
  ["tcp-server", ["--json", "--xyzzy=1"], "unknown option --xyzzy"],
  ["tcp-server", ["-x"], "unknown option -x"],
  [
    "tcp-server",
    ["--count", "3"],
    "--count is an option of tcp-client and udp-client, not of tcp-server",
  ],
  [
    "udp-server",
    ["--max-connections", "3"],
    "--max-connections is an option of tcp-server, not of udp-server",
  ],
  [
    "udp-client",
    ["--stdin", "localhost"],
    "--stdin is an option of tcp-client, not of udp-client",
  ],
  [
    "tcp-server",
    ["localhost"],
    'unexpected argument "localhost": tcp-server takes options only',
  ],
  ["tcp-server", ["--port"], "--port needs a value: --port PORT"],
  ["tcp-server", ["--port="], "--port needs a value: --port PORT"],
  [
    "tcp-server",
    ["--port", "65536"],
    '--port: "65536" is not a port: write a number from 0 to 65535',
  ],
  [
    "tcp-server",
    ["--port", "http"],
    '--port: "http" is not a port: write a number from 0 to 65535',
  ],
  [
    "tcp-server",
    ["--host", "a b"],
    '--host: "a b" is not a host: write a name, 192.0.2.1 or [2001:db8::1]',
  ],
  [
    "tcp-server",
    ["--service", "time"],
    '--service: "time" is not one of echo, discard, chargen',
  ],
  [
    "tcp-server",
    ["--allow", "10.0.0.0/40"],
    '--allow: "10.0.0.0/40" is not an address block: write 192.0.2.0/24, 2001:db8::/32 or a single address',
  ],
  [
    "tcp-server",
    ["--max-connections", "0"],
    '--max-connections: "0" is not a count: write a whole number from 1',
  ],
  [
    "tcp-server",
    ["--idle-timeout", "0s"],
    '--idle-timeout: "0s" is too short: it must be more than 0',
  ],
  [
    "tcp-server",
    ["--grace", "5"],
    '--grace: "5" needs a unit: write 5ms or 5s',
  ],
  [
    "tcp-server",
    ["--grace", "1000h"],
    '--grace: "1000h" is too long: 576h is the most',
  ],
  [
    "tcp-server",
    ["--log-level", "loud"],
    '--log-level: "loud" is not one of debug, info, warning, error',
  ],
  ["tcp-server", ["--json=yes"], "--json takes no value"],
  ["tcp-client", [], "the target is missing: HOST or HOST:PORT"],
  [
    "tcp-client",
    ["localhost:0"],
    '"0" is not a port: write a number from 1 to 65535',
  ],
  [
    "tcp-client",
    ["localhost:99999"],
    '"99999" is not a port: write a number from 1 to 65535',
  ],
  [
    "tcp-client",
    ["http://localhost"],
    '"http://localhost" is not a host: write a name, 192.0.2.1 or [2001:db8::1]',
  ],
  [
    "tcp-client",
    ["[127.0.0.1]:80"],
    '"[127.0.0.1]" is not a host: write a name, 192.0.2.1 or [2001:db8::1]',
  ],
  [
    "tcp-client",
    ["localhost:1", "--port", "2"],
    'two ports: 1 in "localhost:1", and --port 2',
  ],
  [
    "tcp-client",
    ["testbox", "27015"],
    "a port goes with its host: write testbox:27015 or --port 27015",
  ],
  [
    "udp-client",
    ["::1", "7000"],
    "a port goes with its host: write [::1]:7000 or --port 7000",
  ],
  [
    "udp-client",
    ["a", "b"],
    'unexpected argument "b": one HOST at a time; a text to send goes with --message "b"',
  ],
  [
    "tcp-client",
    ["localhost", "99999", "bottles"],
    'unexpected argument "99999": one HOST at a time; a text to send goes with --message "99999 bottles"',
  ],
  [
    "tcp-client",
    ["localhost", "--", "--json"],
    'unexpected argument "--json": one HOST at a time; a text to send goes with --message="--json"',
  ],
  [
    "tcp-client",
    ["localhost", "--message"],
    '--message needs a value: --message TEXT, or --message=TEXT where it begins with "-"',
  ],
  [
    "udp-client",
    ["localhost", "-m", "--json"],
    '--message needs a value: --message TEXT, or --message=TEXT where it begins with "-"',
  ],
  [
    "tcp-client",
    ["localhost", "-message", "a"],
    "unknown option -message; did you mean --message?",
  ],
  [
    "tcp-server",
    ["--message", "a"],
    "--message is an option of tcp-client and udp-client, not of tcp-server",
  ],
  ["tcp-server", ["--constructor"], "unknown option --constructor"],
  [
    "tcp-client",
    ["localhost", "-m", "a", "--size", "1"],
    "--message and --size exclude each other: each says what to send",
  ],
  [
    "tcp-client",
    ["localhost", "-m", "a", "--stdin"],
    "--stdin and --message exclude each other: each says what to send",
  ],
  [
    "tcp-client",
    ["localhost", "--stdin", "-c", "2"],
    "--stdin and a measuring option exclude each other: each says what to send",
  ],
  [
    "tcp-client",
    ["localhost", "-4", "-6"],
    "-4 and -6 exclude each other: without either, both are tried",
  ],
  [
    "tcp-client",
    ["localhost", "--size", "many"],
    '--size: "many" is not a size: write 64, 4KiB or 1MB',
  ],
  [
    "tcp-client",
    ["localhost", "--size", "0.3"],
    '--size: "0.3" is not a whole number of bytes that can be counted',
  ],
  [
    "tcp-client",
    ["localhost", "--message=", "-c", "1"],
    "an empty message cannot be measured over TCP: it brings no byte back",
  ],
  [
    "tcp-client",
    ["localhost", "--size", "0", "-c", "1"],
    "an empty message cannot be measured over TCP: it brings no byte back",
  ],
  [
    "tcp-client",
    ["localhost", "--timeout", "-5s"],
    "--timeout needs a value: --timeout TIME",
  ],
  [
    "tcp-client",
    ["localhost", "--timeout", "soon"],
    '--timeout: "soon" is not a time: write 250us, 20ms, 5s, 2m or 1h',
  ],
  [
    "tcp-client",
    ["localhost", "--expect", "p99<5ms"],
    "--expect needs something to measure: --count, --duration or --rate",
  ],
  [
    "tcp-client",
    ["localhost", "-c", "2", "--expect", "loss<5%"],
    "--expect: loss is a metric of datagrams: TCP has no loss",
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "p98<5ms"],
    '--expect: "p98" is not one of min, mean, p50, p90, p95, p99, p99.9, p99.99, max, jitter, loss, late, duplicated, reordered, corrupted, errors, rate, throughput',
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "p99=5ms"],
    "--expect: \"p99=5ms\" is not METRIC OP VALUE: write 'p99<5ms' or 'loss<=1%'",
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "p99<5"],
    '--expect: "5" needs a unit: write 5ms or 5s',
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "loss<5ms"],
    '--expect: "5ms" is not a share or a count: write 1% or 3',
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "rate>5ms"],
    '--expect: "5ms" is not a rate: write 1000/s',
  ],
  [
    "tcp-client",
    ["localhost", "--rate", "0"],
    '--rate: "0" is not a rate: write 1000/s',
  ],
  [
    "tcp-client",
    ["localhost", "--rate", "10", "--interval", "1s"],
    "--interval and --rate exclude each other: each says when the next message is due",
  ],
  [
    "udp-client",
    ["localhost", "--pipeline", "2", "--interval", "1s"],
    "--interval and --pipeline exclude each other: with --interval, each message waits for the one before",
  ],
  [
    "tcp-client",
    ["localhost", "--count", "5", "--connections", "10"],
    "--count 5 leaves some of --connections 10 without a message",
  ],
  [
    "udp-client",
    ["localhost", "-m", "hello", "--count", "5"],
    "--message cannot be used to measure: equal datagrams cannot be told apart; use --size",
  ],
  [
    "udp-client",
    ["localhost", "--size", "11", "--count", "5"],
    "--size 11: 12 bytes are the least that can be measured with, for stream, sequence number and a check of both",
  ],
  [
    "tcp-client",
    ["localhost", "--service", "discard", "--pipeline", "2"],
    "--service discard and --pipeline exclude each other: no message waits for an answer",
  ],
  [
    "tcp-client",
    ["localhost", "--service", "chargen", "--size", "2"],
    "--service chargen and --size exclude each other: nothing is sent, so --duration says how much",
  ],
  [
    "tcp-client",
    ["localhost", "--service", "discard", "--expect", "p99<5ms"],
    "--expect: with --service discard over TCP there is no p99, but errors, rate, throughput",
  ],
  [
    "udp-client",
    ["localhost", "--service", "discard", "--expect", "loss<=1%"],
    "--expect: with --service discard over UDP there is no loss, but errors",
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "flows.bad<1"],
    "--expect: flows.bad compares connections: use --connections",
  ],
  [
    "tcp-client",
    ["localhost", "-c", "2", "--connections", "2", "--expect", "flow.loss<1"],
    "--expect: flow.loss is a metric of datagrams: TCP has no flow.loss",
  ],
  [
    "udp-client",
    ["localhost", "-c", "99", "--connections", "8", "--source-port", "65530"],
    "--source-port 65530: from there on, there are only 6 ports for --connections 8",
  ],
  [
    "udp-client",
    ["localhost", "--source-port", "0"],
    '--source-port: "0" is not a port: write a number from 1 to 65535',
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "throughput>5"],
    '--expect: "5" is not a throughput: write 100MB/s',
  ],
  [
    "udp-client",
    ["localhost", "--count", "1.5"],
    '--count: "1.5" is not a count: write a whole number from 1',
  ],
];

/** What a role says is wrong with a command line. */
function problemOf(role: Role, args: string[]): UsageError | undefined {
  const definition = ROLES.find((each) => each.role === role)!;
  const line = parseCommandLine(definition, args, ROLES);
  if (line.problem !== undefined) return line.problem;
  try {
    if (role === "tcp-client") {
      readTcpOrder(line as CommandLine<typeof TCP_CLIENT.options>);
    } else if (role === "udp-client") {
      readUdpOrder(line as CommandLine<typeof UDP_CLIENT.options>);
    }
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

for (const [role, args, message] of WRONG) {
  Deno.test(`${role} ${args.join(" ")} is refused with its reason`, () => {
    assertEquals(problemOf(role, args)?.message, message);
  });
}

/** What `tcp-client` reads of a message, and of the rest. */
function messageOf(...args: string[]) {
  const line = parseCommandLine(TCP_CLIENT, args, ROLES);
  assertEquals(line.problem, undefined);
  const { options: { message, json, count }, positionals } = line;
  return { message, json, count, positionals };
}

Deno.test("--message takes any text: a number, an option's name, nothing", () => {
  const rest = { json: false, count: undefined, positionals: ["localhost"] };
  for (
    const [message, ...args] of [
      ["0042", "-m", "0042"],
      ["true", "--message", "true"],
      ["--json", "--message=--json"],
      ["-5", "-m=-5"],
      ["a=b\nc", "-m=a=b\nc"],
      ["two words", "-m", "two words"],
      ["", "--message="],
      ["", "--message", ""],
      ["", "-m", ""],
    ]
  ) {
    assertEquals(messageOf("localhost", ...args), { ...rest, message });
    assertEquals(messageOf(...args, "localhost"), { ...rest, message });
  }
});

Deno.test("an option after an empty message is still an option", () => {
  assertEquals(messageOf("-m", "", "--json", "localhost", "-c", "3"), {
    message: "",
    json: true,
    count: 3,
    positionals: ["localhost"],
  });
});

Deno.test("a wrong command line gets exit code 2, and is pointed to the help", async () => {
  const { code, stdout, stderr } = await runRole("tcp-server", ["--prot", "1"]);
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr.replace(/Try: .*tcp-server.* --help\n$/, "Try: help\n"),
    "tcp-server: unknown option --prot; did you mean --port?\nTry: help\n",
  );
});

Deno.test("a wrong command line with --json among its options prints an error as JSON, too", async () => {
  const { code, stdout, stderr } = await runRole("tcp-client", [
    "--nonsense",
    "--json",
  ]);
  assertEquals(code, 2);
  const [error, ...more] = parseEvents(stdout);
  assertEquals(
    [error.event, error.code, error.exit_code, error.message, more.length],
    ["error", "usage", 2, "unknown option --nonsense", 0],
  );
  assert(stderr.startsWith("tcp-client: unknown option --nonsense\n"), stderr);
});

Deno.test("a --json that is no option asks for no JSON", async () => {
  const { code, stdout, stderr } = await runRole("tcp-client", [
    "localhost",
    "--",
    "--json",
  ]);
  assertEquals([code, stdout], [2, ""]);
  assert(stderr.startsWith('tcp-client: unexpected argument "--json"'), stderr);
});

Deno.test("a usage error with --stdin leaves standard output alone, also with --json", async () => {
  const { code, stdout, stderr } = await runRole("tcp-client", [
    "--stdin",
    "--json",
    "--nonsense",
  ]);
  assertEquals([code, stdout], [2, ""]);
  const [error] = parseEvents(stderr.split("\n")[0]);
  assertEquals(error.code, "usage");
});

Deno.test("tcp-client HOST PORT, ncat's habit, sends nothing and says how to write it", async () => {
  const { code, stdout, stderr } = await runRole("tcp-client", [
    "localhost",
    "27015",
  ]);
  assertEquals([code, stdout], [2, ""]);
  assert(
    stderr.startsWith(
      "tcp-client: a port goes with its host: write localhost:27015 or --port 27015\n",
    ),
    stderr,
  );
});

Deno.test("udp-client refuses a message that no datagram can carry", async () => {
  const { code, stderr } = await runRole("udp-client", [
    "127.0.0.1",
    "--size",
    "65508",
  ]);
  assertEquals(
    stderr,
    "udp-client: 65508 bytes do not fit into a datagram: over IPv4, 65507 do\n",
  );
  assertEquals(code, 2);
});

for (const { role, options, positionals, examples } of ROLES) {
  Deno.test(`${role} --help names every option and fits a terminal`, async () => {
    const { code, stdout, stderr } = await runRole(role, ["--help"]);
    assertEquals([code, stderr], [0, ""]);
    for (const [name, { short }] of Object.entries(options)) {
      assert(stdout.includes(`--${name}`), name);
      if (short !== undefined) {
        assert(stdout.includes(`-${short}, --${name}`), name);
      }
    }
    assert(stdout.includes(positionals));
    for (const [args] of examples) {
      assert(stdout.includes(`${role} ${args}`.trimEnd()));
    }
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  });

  Deno.test(`${role} -h shows the same, whatever else is said`, async () => {
    const { stdout } = await runRole(role, ["--help"]);
    const other = await runRole(role, ["--port", "nonsense", "-h", "--xyzzy"]);
    assertEquals(other, { code: 0, stdout, stderr: "" });
  });

  Deno.test(`${role} --version names program, runtime and system`, async () => {
    const { version } = configuration;
    const { code, stdout } = await runRole(role, ["--version"]);
    assertEquals(code, 0);
    assert(
      new RegExp(
        `^${role} ${version} \\(deno \\d+\\.\\d+\\.\\d+, \\S+(, npm|, denort)?\\)\n$`,
      )
        .test(stdout),
      stdout,
    );
    assertEquals((await runRole(role, ["-V"])).stdout, stdout);
  });
}
