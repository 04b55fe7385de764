/**
 * Completions by the shells themselves: Tab is pressed on a terminal, and the
 * shell shows with which arguments it would start the program.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  completionScript,
  type Shell,
  SHELLS,
} from "../../../cli/command_line/completions.ts";
import { optionalValue } from "../../../cli/command_line/options.ts";
import { type Role, ROLES, TCP_CLIENT } from "../../../cli/roles.ts";
import { runRole } from "../../setup/process.ts";
import { Terminal } from "../../setup/terminal.ts";
import { isInstalled, testWhere } from "../../setup/where.ts";

/** What is typed, and the arguments that the program gets. */
const TYPED: [what: string, role: Role, keys: string, args: string[]][] = [
  ["an option", "tcp-client", "--std\tlast", ["--stdin", "last"]],
  [
    "a value of --service",
    "tcp-client",
    "--service dis\tlast",
    ["--service", "discard", "last"],
  ],
  [
    "a value of --service after =",
    "udp-server",
    "--service=cha\tlast",
    ["--service=chargen", "last"],
  ],
  [
    "a metric after --expect, whose limit goes on",
    "udp-client",
    '--expect "corr\t<=1%"',
    ["--expect", "corrupted<=1%"],
  ],
  ["a metric without quotes", "tcp-client", "--expect thr\t", [
    "--expect",
    "throughput",
  ]],
  [
    "a value of --loop-guard",
    "udp-server",
    "--loop-guard of\tlast",
    ["--loop-guard", "off", "last"],
  ],
  [
    "a value of --log-level",
    "tcp-server",
    "--log-level deb\tlast",
    ["--log-level", "debug", "last"],
  ],
  // Nothing is known, and no option is offered in its place.
  ["nothing for a free value", "tcp-client", "--size --js\t", [
    "--size",
    "--js",
  ]],
];

/** How a shell is started, and what it needs to be told before it completes. */
const SET_UP: Record<"bash" | "zsh", { start: string; lines: string[] }> = {
  bash: { start: "bash --noprofile --norc -i", lines: [] },
  zsh: {
    start: "zsh -f -i",
    lines: ["autoload -U compinit && compinit -u -D"],
  },
};

/** The arguments with which a shell starts a program once keys were pressed. */
async function completed(
  shell: "bash" | "zsh",
  role: string,
  script: string,
  keys: string,
  folder = ".",
): Promise<string[]> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, script);
    const { start, lines } = SET_UP[shell];
    await using terminal = new Terminal(start);
    // Marks are put together by the shell, so that its echo is not taken for one.
    const ready = `PS1='re''ady> '; cd ${folder}`;
    const program = `${role}() { printf '<''%s''>\\n' "$@"; echo 'e''nd'; }`;
    let prompts = 0;
    for (const line of [ready, ...lines, program, `source ${file}`]) {
      await terminal.press(`${line}\r`);
      await terminal.shows("ready> ", ++prompts);
    }
    await terminal.press(`${role} ${keys}\r`);
    await terminal.shows("\nend\r");
    return [...terminal.shown.matchAll(/^<(.*)>\r?$/gm)].map(([, arg]) => arg);
  } finally {
    await Deno.remove(file);
  }
}

/** How a script of each shell names an option, and its letter. */
const spelled: Record<Shell, (name: string, short?: string) => string[]> = {
  bash: (name, short) => [`--${name}`, `-${short} `],
  zsh: (name, short) => [`--${name}`, `-${short},`],
  fish: (name, short) => [`-l ${name} `, `-s ${short} `],
  powershell: (name, short) => [`'--${name}'`, `'-${short}'`],
};

const HAS_TERMINAL = isInstalled("script");

for (const shell of ["bash", "zsh"] as const) {
  const given = HAS_TERMINAL && isInstalled(shell);
  const missing = `${shell} or script is not installed`;

  for (const [what, role, keys, args] of TYPED) {
    testWhere(given, missing, `${shell} completes ${what}`, async () => {
      const definition = ROLES.find((each) => each.role === role)!;
      const script = completionScript(shell, definition);
      assertEquals(await completed(shell, role, script, keys), args);
    });
  }

  testWhere(
    given,
    missing,
    `${shell} completes a file's name, also one with a space`,
    async () => {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/key of lab.txt`, "");
        const definition = {
          ...TCP_CLIENT,
          options: {
            ...TCP_CLIENT.options,
            "key-file": optionalValue({
              placeholder: "FILE",
              parse: (text) => text,
              help: "A file.",
            }),
          },
        };
        const script = completionScript(shell, definition);
        assertEquals(
          await completed(
            shell,
            "tcp-client",
            script,
            "--key-file key\tlast",
            folder,
          ),
          ["--key-file", "key of lab.txt", "last"],
        );
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

testWhere(
  HAS_TERMINAL && isInstalled("zsh"),
  "zsh or script is not installed",
  "zsh completes time and again with the script as a file in $fpath",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(
        `${folder}/_tcp-client`,
        completionScript("zsh", TCP_CLIENT),
      );
      const load =
        `fpath=(${folder} $fpath); autoload -U compinit && compinit -u -D`;
      assertEquals(
        await completed("zsh", "tcp-client", load, "--std\t--js\tlast"),
        ["--stdin", "--json", "last"],
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** What fish offers for a command line, without the descriptions. */
async function offeredByFish(script: string, line: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("fish", {
    args: [
      "--no-config",
      "--command",
      `${script}\ncomplete -C ${"'"}${line}${"'"}`,
    ],
  }).output();
  return new TextDecoder().decode(stdout).trimEnd().split("\n")
    .map((row) => row.split("\t")[0]);
}

for (
  const [what, role, line, offered] of [
    ["an option", "tcp-client", "tcp-client --pip", ["--pipeline"]],
    ["an option's letter", "tcp-client", "tcp-client -q -", ["-V"]],
    [
      "the values of --service",
      "udp-client",
      "udp-client --service ",
      ["chargen", "discard", "echo", "stamp"],
    ],
    [
      "a metric after --expect",
      "udp-client",
      'udp-client --expect "corr',
      ["corrupted"],
    ],
    ["a value after =", "udp-server", "udp-server --loop-guard=of", [
      "--loop-guard=off",
    ]],
    ["nothing for a free value", "tcp-client", "tcp-client --size ", [""]],
  ] as const
) {
  testWhere(
    isInstalled("fish"),
    "fish is not installed",
    `fish completes ${what}`,
    async () => {
      const definition = ROLES.find((each) => each.role === role)!;
      const script = completionScript("fish", definition);
      const all = await offeredByFish(script, line);
      // Of the letters it offers all that can follow.
      const known = line.endsWith(" -")
        ? all.filter((each) => each === "-V")
        : all;
      assertEquals(known, [...offered]);
    },
  );
}

for (const definition of ROLES) {
  const { role, options } = definition;
  for (const shell of SHELLS) {
    Deno.test(`${role} --completions ${shell} names every option and the values that it takes`, () => {
      const script = completionScript(shell, definition);
      for (
        const [name, { short, parse, beginnings }] of Object.entries(options)
      ) {
        const [long, letter] = spelled[shell](name, short);
        assert(script.includes(long), long);
        assert(short === undefined || script.includes(letter), letter);
        for (const word of beginnings ?? parse.words ?? []) {
          assert(new RegExp(`\\b${word}\\b`).test(script), word);
        }
      }
    });
  }

  Deno.test(`${role} --completions prints the script, whatever is missing`, async () => {
    const { code, stdout, stderr } = await runRole(role, [
      "--completions",
      "bash",
    ]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout, `${completionScript("bash", definition)}\n`);
  });
}
