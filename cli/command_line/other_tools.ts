/**
 * What a user types from habit with iperf3, ping, fping, nc or ncat, and what does
 * the same here.
 *
 * @module
 */
import { isIpAddress } from "../../net/address.ts";
import type { OptionTable } from "./options.ts";
import { target, UsageError } from "./values.ts";

/** Says in words what to do in place of an option; `undefined` where it cannot. */
type Advice = (role: string) => string | undefined;

const isServer = (role: string) => role.endsWith("-server");

/** The program at the other end. */
const peerOf = (role: string) =>
  isServer(role)
    ? role.replace("server", "client")
    : role.replace("client", "server");

const toServe: Advice = (role) =>
  isServer(role)
    ? `${role} serves without it`
    : `to serve, run ${peerOf(role)}`;

const toSend: Advice = (role) =>
  isServer(role)
    ? `to send, run ${peerOf(role)}`
    : `a host stands alone: ${role} HOST`;

const toServeOn: Advice = (role) =>
  isServer(role)
    ? "it serves on without it, unless --once is given"
    : undefined;

const overUdp: Advice = (role) =>
  role.startsWith("udp")
    ? `${role} is UDP without it`
    : `for UDP, run ${role.replace("tcp", "udp")}`;

/**
 * Other tools' spellings, and what to answer, best first: an option of ours, of
 * which one is named that the command has, or else advice.
 */
const HABITS: [spellings: string, ...answers: (string | Advice)[]][] = [
  ["-t --time", "duration TIME"],
  ["-P --parallel", "connections N"],
  ["-b --bandwidth --bitrate", "bandwidth RATE"],
  ["-R --reverse", "service chargen"],
  ["-J", "json"],
  ["-l --len --length", "size SIZE", toServe],
  ["-s", "size SIZE", toServe],
  ["--listen --server", toServe],
  ["-c --client", toSend],
  ["-B -I --source", "bind ADDR", "host ADDR"],
  ["-u --udp", overUdp],
  ["-w -W --wait", "timeout TIME", "idle-timeout TIME"],
  ["-n --bytes", "count N"],
  ["-k --keep-open", "count N", toServeOn],
  ["-C --blockcount", "count N"],
  ["-v --verbose", "log-level debug"],
  ["-O --omit", "warmup TIME"],
  ["-T --title", "label TEXT"],
  ["-1 --one-off", "once"],
  ["-m --max-conns", "max-connections N"],
  ["--period", "interval TIME"],
  ["-4", "host 0.0.0.0"],
  ["-6", "host ::"],
  ["-z -zv -vz --zero", "connect-only"],
  ["-?", "help"],
];

/** What does here what an option of another tool does; `undefined` where nothing does. */
export function answerToHabit(
  argument: string,
  role: string,
  table: OptionTable,
): string | undefined {
  // "-P4" is "-P 4".
  const spelling = argument.replace(/=.*$/s, "").replace(
    /^(-[a-z])\d.*$/i,
    "$1",
  );
  for (const [spellings, ...answers] of HABITS) {
    if (!spellings.split(" ").includes(spelling)) continue;
    for (const answer of answers) {
      if (typeof answer === "function") {
        const advice = answer(role);
        if (advice !== undefined) return advice;
      } else if (Object.hasOwn(table, answer.split(" ")[0])) {
        return `did you mean --${answer}?`;
      }
    }
  }
}

/** `-c HOST` is iperf3's; here, `-c` counts. */
export function answerToValue(
  name: string,
  text: string,
  role: string,
): string | undefined {
  if (name !== "count" || !isIpAddress(text) && /^[\d.e+-]*$/i.test(text)) {
    return;
  }
  try {
    target(text);
    return `a host stands alone: ${role} ${text}`;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
}
