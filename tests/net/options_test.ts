/**
 * Wrong values of options: each is refused before anything is opened.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import {
  EchosounderError,
  echoTcp,
  echoUdp,
  measureTcp,
  measureUdp,
  serveTcp,
  serveUdp,
} from "../../mod.ts";
import { checkOptions, time, unlimited, whole } from "../../net/options.ts";

/** Fails to resolve, should the option be accepted. */
const hostname = "no-such-host.invalid";
const payload = { size: 64 };
const size = 64;

/** The library's functions with their required options, and one more. */
const CALLS = {
  echoTcp: (option: object) => echoTcp({ hostname, payload: [], ...option }),
  measureTcp: (option: object) => measureTcp({ hostname, payload, ...option }),
  echoUdp: (option: object) => echoUdp({ hostname, payload, ...option }),
  measureUdp: (option: object) => measureUdp({ hostname, size, ...option }),
  // Addresses of another machine: nothing would listen there.
  serveTcp: (option: object) =>
    serveTcp({ hostname: "192.0.2.1", port: 0, ...option }).finished,
  serveUdp: (option: object) =>
    serveUdp({ hostname: "192.0.2.1", port: 0, ...option }).finished,
};

const ECHOING = ["echoTcp", "echoUdp"] as const;
const MEASURING = ["measureTcp", "measureUdp"] as const;
const CLIENTS = [...ECHOING, ...MEASURING];
const SERVERS = ["serveTcp", "serveUdp"] as const;

const COUNT = "a whole number from 1";
const SIZE = "a whole number from 0";
const MILLISECONDS = "a number of milliseconds from 0 to 2147483647";
const SERVICES = "one of echo, discard, chargen";

/** Which functions refuse what, and the valid values. */
const WRONG: [
  functions: readonly (keyof typeof CALLS)[],
  name: string,
  values: unknown[],
  right: string,
][] = [
  [CLIENTS, "port", [0, -1, 1.5, NaN, 65_536], `${COUNT} to 65535`],
  [SERVERS, "port", [-1, 0.5, NaN, 65_536], `${SIZE} to 65535`],
  [CLIENTS, "family", [0, 5], "one of 4, 6"],
  [CLIENTS, "timeout", [-1, NaN, Infinity, 2 ** 31, null], MILLISECONDS],
  [
    ["echoTcp", "measureTcp"],
    "connectTimeout",
    [-0.5, NaN, Infinity],
    MILLISECONDS,
  ],
  [CLIENTS, "retryFor", [-1, NaN], `${MILLISECONDS}, or Infinity`],
  [MEASURING, "count", [0, -1, 1.5, NaN], `${COUNT}, or Infinity`],
  [MEASURING, "duration", [-5, NaN], `${MILLISECONDS}, or Infinity`],
  [MEASURING, "interval", [-1, NaN, Infinity], MILLISECONDS],
  [MEASURING, "warmup", [-1, NaN, Infinity], MILLISECONDS],
  [MEASURING, "rate", [0, -1, NaN, Infinity], "a finite number above 0"],
  [MEASURING, "connections", [0, -1, 1.5, NaN, Infinity], COUNT],
  [MEASURING, "pipeline", [0, 2.5, NaN], `${COUNT}, or Infinity`],
  [["measureTcp", "serveTcp"], "service", ["time", "constructor"], SERVICES],
  [
    ["measureUdp", "serveUdp"],
    "service",
    ["time", "constructor"],
    `${SERVICES}, stamp`,
  ],
  [["measureUdp"], "size", [-1, 64.5, NaN, Infinity], SIZE],
  [["serveTcp"], "maxConnections", [0, 1.5, NaN], `${COUNT}, or Infinity`],
  [["serveTcp"], "idleTimeout", [-1, NaN], `${MILLISECONDS}, or Infinity`],
  [["serveTcp"], "readAhead", [-1, 0.5, NaN], `${SIZE}, or Infinity`],
];

/** The message that a function throws. */
async function refusalOf(
  name: keyof typeof CALLS,
  option: object,
): Promise<string> {
  // The servers throw at once.
  const call = async () => await CALLS[name](option);
  const error = await assertRejects(call, EchosounderError);
  assertEquals(error.code, "invalid-option", error.message);
  return error.message;
}

for (const [functions, name, values, right] of WRONG) {
  for (const each of functions) {
    for (const value of values) {
      const given = typeof value === "string" ? `"${value}"` : `${value}`;
      Deno.test(`${each}() refuses ${name}: ${given}`, async () => {
        assertEquals(
          await refusalOf(each, { [name]: value }),
          `${name}: ${given} is not ${right}`,
        );
      });
    }
  }
}

for (
  const [name, payload, right] of [
    ["measureTcp", { size: 0 }, "0 is not a whole number from 1"],
    ["measureTcp", new Uint8Array(0), "0 is not a whole number from 1"],
    ["measureTcp", { size: 1.5 }, "1.5 is not a whole number from 1"],
    ["echoUdp", { size: -1 }, "-1 is not a whole number from 0"],
    ["echoUdp", { size: NaN }, "NaN is not a whole number from 0"],
  ] as const
) {
  const kind = payload instanceof Uint8Array ? "fixed" : "patterned";
  Deno.test(`${name}() refuses a ${kind} payload whose size ${right}`, async () => {
    assertEquals(
      await refusalOf(name, { payload }),
      `size of the payload: ${right}`,
    );
  });
}

Deno.test("checkOptions() accepts the limits of each range, and absent options", () => {
  const kinds = { count: unlimited(whole(1)), port: whole(0, 9), wait: time };
  for (
    const options of [
      {},
      { count: undefined },
      { count: 1, port: 0, wait: 0 },
      { count: Infinity, port: 9, wait: 2 ** 31 - 1 },
      { count: Number.MAX_SAFE_INTEGER, wait: 0.25 },
    ]
  ) {
    checkOptions<{ count?: number; port?: number; wait?: number }>(
      options,
      kinds,
    );
  }
});
