/**
 * Delay under load on a path whose capacity and queues are known: two networks on
 * one cable, each end of which is shaped.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { LoadPhase, MeasureResult } from "../../mod.ts";
import { ROLE_ENVIRONMENT } from "../../tasks/entry_module.ts";
import { roleCommand } from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";

/** What each end sends at most, in bits a second. */
const CAPACITY = 20e6;

/** Of each frame's 1514 bytes (Ethernet's own included), these are payload. */
const PAYLOAD_SHARE = 1448 / 1514;

/** Queues, in bytes, and how long they take to send: 100 ms and 10 ms. */
const LARGE_QUEUE = 250_000;
const SMALL_QUEUE = 25_000;

/**
 * A router of its own network with two machines behind it. It shapes what it
 * forwards, as a machine's own shaper would hold its connections back. What fills a
 * queue is loss-based congestion control (RFC 5681), which not every system has by
 * default.
 */
const SHAPED_PATH = `
set -e
unshare --net sleep 120 & client=$!
unshare --net sleep 120 & server=$!
trap 'kill $client $server' EXIT
own=$(readlink /proc/$$/ns/net)
for machine in $client $server; do
  until [ "$(readlink /proc/$machine/ns/net)" != "$own" ]; do sleep 0.01; done
done
connect() {
  ip link add $1 type veth peer name eth0 netns $2
  ip address add $3.1/24 dev $1
  ip link set $1 up
  nsenter --target $2 --net sh -ec "
    ip address add $3.2/24 dev eth0
    ip link set eth0 up
    ip route add default via $3.1
    echo reno > /proc/sys/net/ipv4/tcp_congestion_control"
  tc qdisc add dev $1 root tbf rate ${CAPACITY}bit burst 10000 limit $4
}
echo 1 > /proc/sys/net/ipv4/ip_forward
connect near $client 192.0.2 ${SMALL_QUEUE}
connect far $server 198.51.100 ${LARGE_QUEUE}
nsenter --target $server --net $SERVER \\
  --also discard:27016 --also chargen:27017 >&2 & program=$!
trap 'kill $program $client $server' EXIT
nsenter --target $client --net "$@" 198.51.100.2 --retry-for 10s
`;

/** Whether networks of one's own can be had, with shapers. */
const CAN_SHAPE = Deno.build.os === "linux" && (() => {
  try {
    return new Deno.Command("unshare", {
      args: [
        "--net",
        "sh",
        "-c",
        "tc qdisc add dev lo root tbf rate 1mbit burst 5000 limit 5000 && nsenter --version",
      ],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
})();

/** The phases of a client under load on the shaped path. */
async function phasesOnShapedPath(): Promise<Record<string, LoadPhase>> {
  const { stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      "--net",
      "sh",
      "-c",
      SHAPED_PATH,
      "sh",
      ...roleCommand("tcp-client"),
      "--json",
      "--under-load",
      "--discard-port",
      "27016",
      "--chargen-port",
      "27017",
      "--phase-time",
      "8s",
    ],
    env: {
      ...ROLE_ENVIRONMENT,
      SERVER: roleCommand("tcp-server").join(" "),
      NO_COLOR: "1",
    },
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  const result: MeasureResult = JSON.parse(lines.at(-1)!);
  assertEquals(
    result.event,
    "result",
    `${lines.at(-1)} ${new TextDecoder().decode(stderr)}`,
  );
  const { phases } = result.measured.under_load!;
  return Object.fromEntries(phases.map((phase) => [phase.phase, phase]));
}

function assertBetween(value: number, least: number, most: number) {
  assert(value >= least && value <= most, `${value}: ${least} to ${most}`);
}

testWhere(
  CAN_SHAPE,
  "needs root, tc(8), unshare(1) and nsenter(1)",
  "under load, a queue of 100 ms shows in the direction that has it, one of 10 ms in the other, and the capacity in both",
  async () => {
    // A machine that is busy takes from the shaper what the path then does not have.
    for (let attempt = 1;; attempt++) {
      try {
        return checkPhases(await phasesOnShapedPath());
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  },
);

function checkPhases({ quiet, out, back }: Record<string, LoadPhase>): void {
  // Loss-based congestion control lets a queue swing between full and half full.
  const added = ({ rtt_us }: LoadPhase, figure: "p50" | "p90") =>
    (rtt_us![figure]! - quiet.rtt_us!.p50!) / 1e3;
  assertBetween(added(out, "p50"), 50, 110);
  assertBetween(added(out, "p90"), 80, 120);
  assertBetween(added(back, "p90"), 3, 30);
  const share = (bytesPerSecond: number) =>
    bytesPerSecond * 8 / (CAPACITY * PAYLOAD_SHARE);
  assertBetween(share(out.sent_bytes_per_second!), 0.95, 1.05);
  assertBetween(share(back.received_bytes_per_second!), 0.95, 1.05);
}
