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
import { readTargets } from "../../../cli/targets.ts";
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
    ["a", "hello there"],
    '"hello there" is not a host; a text to send goes with --message "hello there"',
  ],
  [
    "udp-client",
    ["a", "b", "--label", "box"],
    "--label names one target; with several, write --targets - and a label after each",
  ],
  [
    "udp-client",
    ["a", "b", "a"],
    'two targets are called "a": give each a label of its own, with --targets -',
  ],
  [
    "udp-client",
    ["a", "--targets", "-"],
    "--targets and a exclude each other: each says what to test",
  ],
  [
    "tcp-client",
    ["a", "b", "--stdin"],
    "--stdin goes to one target",
  ],
  [
    "tcp-client",
    ["--targets", "-", "--stdin"],
    "--stdin and --targets exclude each other: both read standard input",
  ],
  [
    "tcp-client",
    ["localhost", "99999", "bottles"],
    '"99999" is not a port: write a number from 1 to 65535',
  ],
  [
    "tcp-client",
    ["localhost", "--", "--json"],
    '"--json" is not a host; a text to send goes with --message="--json"',
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
    "--expect: over TCP, loss needs --interval: only then is a broken connection replaced",
  ],
  [
    "tcp-client",
    ["localhost", "-c", "2", "--expect", "jitter<5ms"],
    "--expect: jitter is a metric of datagrams: TCP has no jitter",
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "availability>3"],
    '--expect: "3" is not a percentage: write 99.9%',
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "p98<5ms"],
    '--expect: "p98" is not one of min, mean, p50, p90, p95, p99, p99.9, p99.99, max, jitter, loss, outages, outage, availability, late, duplicated, reordered, corrupted, refused, timeouts, errors, rate, throughput, responsiveness, idle',
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "--size", "64"],
    "--connect-only and --size exclude each other: no byte is sent",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "--bandwidth", "1Mbit/s"],
    "--connect-only and --bandwidth exclude each other: no byte is sent",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "--stdin"],
    "--connect-only and --stdin exclude each other: no byte is sent",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "--service", "discard"],
    "--connect-only and --service exclude each other: no byte is sent",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "--timeout", "1s"],
    "--connect-only and --timeout exclude each other: nothing is answered; --connect-timeout says how long to wait",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "-c", "9", "--pipeline", "2"],
    "--connect-only and --pipeline exclude each other: --connections says how many at once",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "-c", "9", "--bind", "127.0.0.1:4000"],
    "--bind with a port is for a single connection: the port is kept for a minute after it",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "--idle", "1s..2s"],
    "--connect-only and --idle exclude each other: each is a test of its own",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "--expect", "throughput>1MB/s"],
    "--expect: with --connect-only over TCP there is no throughput, but min, mean, p50, p90, p95, p99, p99.9, p99.99, max, loss, outages, outage, availability, refused, timeouts, errors, rate",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "-c", "3", "--rate", "5", "-i", "1s"],
    "--interval and --rate exclude each other: each says when the next message is due",
  ],
  [
    "tcp-client",
    ["box", "--connect-only", "-c", "3", "--connections", "5"],
    "--count 3 leaves some of --connections 5 without a message",
  ],
  [
    "tcp-client",
    ["box", "-c", "3", "--expect", "refused<1"],
    "--expect: with --service echo over TCP there is no refused, but min, mean, p50, p90, p95, p99, p99.9, p99.99, max, loss, outages, outage, availability, flows.bad, errors, rate, throughput",
  ],
  [
    "tcp-client",
    ["box", "--idle", "10m"],
    '--idle: "10m" is not a range of times: write 30s..10m',
  ],
  [
    "tcp-client",
    ["box", "--idle", "10m..30s"],
    '--idle: "10m..30s" is not a range of times: the second must be longer',
  ],
  [
    "tcp-client",
    ["box", "--idle", "30..600"],
    '--idle: "30" needs a unit: write 30ms or 30s',
  ],
  [
    "tcp-client",
    ["box", "--idle", "0s..1s"],
    '--idle: "0s" is too short: it must be more than 0',
  ],
  [
    "tcp-client",
    ["box", "--idle", "1s..2s", "-c", "3"],
    "--idle and --count exclude each other: the range says what to try, each time on a connection of its own",
  ],
  [
    "tcp-client",
    ["box", "--idle", "1s..2s", "--bandwidth", "1Mbit/s"],
    "--idle and --bandwidth exclude each other: the range says what to try, each time on a connection of its own",
  ],
  [
    "tcp-client",
    ["box", "--idle", "1s..2s", "-m", "hello"],
    "--idle and --message exclude each other: its messages are its own",
  ],
  [
    "tcp-client",
    ["box", "--idle", "1s..2s", "--bind", "127.0.0.1:4000"],
    "--idle and --bind with a port exclude each other: each connection needs a port of its own",
  ],
  [
    "tcp-client",
    ["box", "--idle", "1s..2s", "--expect", "p99<5ms"],
    "--expect: with --idle over TCP there is no p99, but idle",
  ],
  [
    "udp-client",
    ["box", "--connect-only"],
    "--connect-only is an option of tcp-client, not of udp-client",
  ],
  [
    "udp-client",
    ["box", "-c", "3", "--expect", "refused<1"],
    "--expect: refused is a metric of connections: UDP has no refused",
  ],
  [
    "udp-client",
    ["localhost", "-c", "2", "--expect", "p99=5ms"],
    '--expect: "p99=5ms" is not METRIC OP VALUE: write "p99<5ms" or "loss<=1%"',
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
    '--expect: "5" is not a throughput: write 50Mbit/s or 6MB/s',
  ],
  [
    "udp-client",
    ["localhost", "--bandwidth", "50Mb/s"],
    '--bandwidth: "50Mb/s" may be bits or bytes: write 50Mbit/s or 50MB/s',
  ],
  [
    "udp-client",
    ["localhost", "--bandwidth", "50Mbps"],
    '--bandwidth: "50Mbps" is not a throughput: write 50Mbit/s or 6MB/s',
  ],
  [
    "tcp-client",
    ["localhost", "--bandwidth", "0kbit/s"],
    '--bandwidth: "0kbit/s" is too little: it must be more than 0',
  ],
  [
    "tcp-client",
    ["localhost", "--bandwidth", "6MB/s", "--rate", "5"],
    "--rate and --bandwidth exclude each other: each says when the next message is due",
  ],
  [
    "udp-client",
    ["localhost", "--bandwidth", "6MB/s", "--interval", "5ms"],
    "--interval and --bandwidth exclude each other: each says when the next message is due",
  ],
  [
    "udp-client",
    ["localhost", "--bandwidth", "6MB/s", "--service", "chargen"],
    "--service chargen and --bandwidth exclude each other: the peer chooses the size of its answers; use --rate",
  ],
  [
    "tcp-client",
    ["localhost", "--bandwidth", "6MB/s", "--service", "chargen"],
    "--service chargen and --bandwidth exclude each other: nothing is sent, so --duration says how much",
  ],
  [
    "tcp-client",
    ["localhost", "--workers", "4", "--connections", "2", "-c", "9"],
    "--workers 4: each thread needs a connection; --connections is 2",
  ],
  [
    "tcp-client",
    ["localhost", "--workers", "2"],
    "--workers needs something to measure: --count, --duration or --rate",
  ],
  [
    "tcp-client",
    ["localhost", "--workers", "2", "--stdin"],
    "--workers and --stdin exclude each other: it is one stream",
  ],
  [
    "tcp-client",
    ["localhost", "--workers", "2", "--connect-only"],
    "--workers and --connect-only exclude each other: it measures the path's time to connect, at a rate that one thread keeps",
  ],
  [
    "tcp-client",
    ["localhost", "--workers", "2", "--idle", "1s..2s"],
    "--workers and --idle exclude each other: its connections wait, and need no processor",
  ],
  [
    "udp-client",
    ["localhost", "--workers", "2", "--under-load"],
    "--workers and --under-load exclude each other: its bulk traffic is there to fill the path, which one thread does",
  ],
  [
    "udp-client",
    ["localhost", "--workers", "2", "--connections", "4", "-i", "1s"],
    "--workers and --interval exclude each other: it prints each message; --rate paces many connections",
  ],
  [
    "udp-client",
    [
      "localhost",
      "--workers",
      "2",
      "--connections",
      "4",
      "--rate",
      "9",
      "--burst",
      "3",
    ],
    "--workers and --burst exclude each other: a burst leaves back to back, from one thread",
  ],
  [
    "udp-client",
    ["localhost", "--workers", "2", "--service", "stamp"],
    "--workers and --service stamp exclude each other: its sessions share one clock, in one thread",
  ],
  [
    "udp-client",
    [
      "localhost",
      "--workers",
      "2",
      "--connections",
      "2",
      "-c",
      "9",
      "--size",
      "64,128",
    ],
    "--workers and --size with a list exclude each other: each size is a run of its own",
  ],
  [
    "udp-client",
    [
      "localhost",
      "--workers",
      "2",
      "--connections",
      "2",
      "-c",
      "9",
      "--log-level",
      "debug",
    ],
    "--workers and --log-level debug exclude each other: it prints each message",
  ],
  [
    "tcp-client",
    ["a", "b", "--workers", "2", "--connections", "2", "-c", "9"],
    "--workers divides the connections to one target",
  ],
  [
    "udp-server",
    ["--workers", "2"],
    "--workers is an option of tcp-server and tcp-client and udp-client, not of udp-server",
  ],
  [
    "tcp-server",
    ["--workers", "257"],
    "--workers: 257 threads are more than 256",
  ],
  [
    "udp-client",
    ["localhost", "--burst", "3", "--count", "9"],
    "--burst needs --interval, --rate or --bandwidth, which say when each is due",
  ],
  [
    "udp-client",
    ["localhost", "--burst", "3", "--rate", "9", "--pipeline", "2"],
    "--burst 3 has no room in --pipeline 2: not all of it could be in flight",
  ],
  [
    "udp-client",
    ["localhost", "--size", "64,512"],
    "several sizes need something to measure: --count, --duration or --rate",
  ],
  [
    "tcp-client",
    ["localhost", "--size", "64..512"],
    "several sizes need something to measure: --count, --duration or --rate",
  ],
  [
    "udp-client",
    ["localhost", "--size", "64,512", "--rate", "5"],
    "--size with a list needs --count or --duration: so much of each size",
  ],
  [
    "udp-client",
    ["localhost", "--size", "512..64", "-c", "5"],
    '--size: "512..64" is not a range: write the smaller size first, as in 64..1472',
  ],
  [
    "udp-client",
    ["localhost", "--size", "64,,512", "-c", "5"],
    '--size: "64,,512" is not a list of sizes: write 64,512,1472',
  ],
  [
    "udp-client",
    ["localhost", "--size", "64,512,64", "-c", "5"],
    '--size: "64,512,64" has 64 twice',
  ],
  [
    "udp-client",
    ["localhost", "--size", "8..512", "-c", "5"],
    "--size 8: 12 bytes are the least that can be measured with, for stream, sequence number and a check of both",
  ],
  [
    "udp-client",
    ["localhost", "--size", "64,70000", "-c", "5"],
    "--size 70000: a datagram carries 65507 bytes over IPv4",
  ],
  [
    "tcp-client",
    ["localhost", "--size", "0,64", "-c", "5"],
    "an empty message cannot be measured over TCP: it brings no byte back",
  ],
  [
    "udp-client",
    ["localhost", "--size", "64,512", "-c", "5", "--seed", "1"],
    "--seed needs sizes to draw: --size 64..1472",
  ],
  [
    "udp-client",
    ["localhost", "--size", "64..512", "-c", "5", "--seed", "4294967296"],
    '--seed: "4294967296" is not a seed: write a whole number from 0 to 4294967295',
  ],
  [
    "udp-client",
    ["localhost", "--count", "1.5"],
    '--count: "1.5" is not a count: write a whole number from 1',
  ],
];

/** What users of other tools type, and what they are told. */
const HABITS: [role: Role, args: string, message: string][] = [
  // iperf3
  [
    "tcp-client",
    "box -t 10",
    "unknown option -t; did you mean --duration TIME?",
  ],
  [
    "tcp-client",
    "box --time=10",
    "unknown option --time; did you mean --duration TIME?",
  ],
  [
    "tcp-client",
    "box -P 4",
    "unknown option -P; did you mean --connections N?",
  ],
  [
    "udp-client",
    "box -P4",
    "unknown option -P4; did you mean --connections N?",
  ],
  [
    "tcp-client",
    "box -R",
    "unknown option -R; did you mean --service chargen?",
  ],
  ["tcp-server", "-J", "unknown option -J; did you mean --json?"],
  [
    "tcp-client",
    "box -b 10M",
    "unknown option -b; did you mean --bandwidth RATE?",
  ],
  ["udp-client", "box -l 1K", "unknown option -l; did you mean --size SIZE?"],
  ["tcp-client", "box -u", "unknown option -u; for UDP, run udp-client"],
  ["udp-client", "box -u", "unknown option -u; udp-client is UDP without it"],
  ["tcp-server", "-s", "unknown option -s; tcp-server serves without it"],
  ["tcp-server", "-c box", "unknown option -c; to send, run tcp-client"],
  [
    "tcp-client",
    "-c box",
    '--count: "box" is not a count: write a whole number from 1; a host stands alone: tcp-client box',
  ],
  [
    "tcp-client",
    "-c 192.0.2.1",
    '--count: "192.0.2.1" is not a count: write a whole number from 1; a host stands alone: tcp-client 192.0.2.1',
  ],
  [
    "udp-client",
    "-c box:5201",
    '--count: "box:5201" is not a count: write a whole number from 1; a host stands alone: udp-client box:5201',
  ],
  [
    "tcp-client",
    "--client box",
    "unknown option --client; a host stands alone: tcp-client HOST",
  ],
  ["tcp-client", "box -i 1", '--interval: "1" needs a unit: write 1ms or 1s'],
  ["tcp-client", "-z box", "unknown option -z; did you mean --connect-only?"],
  ["tcp-client", "-zv box", "unknown option -zv; did you mean --connect-only?"],
  ["tcp-client", "box -O 2", "unknown option -O; did you mean --warmup TIME?"],
  ["tcp-server", "-1", "unknown option -1; did you mean --once?"],
  [
    "tcp-server",
    "-B 127.0.0.1",
    "unknown option -B; did you mean --host ADDR?",
  ],
  // ping and fping
  ["udp-client", "box -s 1400", "unknown option -s; did you mean --size SIZE?"],
  ["udp-client", "box -W 1", "unknown option -W; did you mean --timeout TIME?"],
  ["udp-client", "box -n 4", "unknown option -n; did you mean --count N?"],
  ["udp-client", "box -C 4", "unknown option -C; did you mean --count N?"],
  // nc and ncat
  ["tcp-client", "box -w 3", "unknown option -w; did you mean --timeout TIME?"],
  [
    "tcp-client",
    "-v box",
    "unknown option -v; did you mean --log-level debug?",
  ],
  [
    "tcp-client",
    "--listen 5",
    "unknown option --listen; to serve, run tcp-server",
  ],
  ["tcp-server", "-l 5", "unknown option -l; tcp-server serves without it"],
  [
    "udp-server",
    "-k",
    "unknown option -k; it serves on without it, unless --once is given",
  ],
  [
    "tcp-server",
    "-m 5",
    "unknown option -m; did you mean --max-connections N?",
  ],
  ["tcp-server", "-6", "unknown option -6; did you mean --host ::?"],
  // Letters of the other programs
  [
    "tcp-server",
    "-i 1s",
    "-i is an option of tcp-client and udp-client, not of tcp-server",
  ],
  [
    "udp-server",
    "-d 1s",
    "-d is an option of tcp-client and udp-client, not of udp-server",
  ],
];

for (const [role, args, message] of HABITS) {
  Deno.test(`${role} ${args} is answered with what it is here`, () => {
    assertEquals(problemOf(role, args.split(" "))?.message, message);
  });
}

Deno.test("an option of another tool is answered only with an option that there is", () => {
  const habits = "tTPbRJlscBIuwWnkCvOm146?".split("").map((letter) =>
    `-${letter}`
  );
  for (const { role, options } of ROLES) {
    for (const habit of habits) {
      const message = problemOf(role, ["box", habit])?.message ?? "";
      const [, named] = /did you mean --([a-z-]+)/.exec(message) ?? [];
      if (named !== undefined) assert(Object.hasOwn(options, named), message);
    }
  }
});

/** What a role says is wrong with a command line. */
function problemOf(role: Role, args: string[]): UsageError | undefined {
  const definition = ROLES.find((each) => each.role === role)!;
  const line = parseCommandLine(definition, args, ROLES);
  if (line.problem !== undefined) return line.problem;
  try {
    if (role === "tcp-client") {
      const client = line as CommandLine<typeof TCP_CLIENT.options>;
      readTargets(client);
      readTcpOrder(client);
    } else if (role === "udp-client") {
      const client = line as CommandLine<typeof UDP_CLIENT.options>;
      readTargets(client);
      readUdpOrder(client);
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
  assert(stderr.startsWith('tcp-client: "--json" is not a host'), stderr);
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

for (const definition of ROLES) {
  const { role, options, positionals, examples } = definition;

  Deno.test(`${role} --help names every option, by its group, and fits a terminal`, async () => {
    const { code, stdout, stderr } = await runRole(role, ["--help"]);
    assertEquals([code, stderr], [0, ""]);
    for (
      const [name, { short, group, fallbackText }] of Object.entries(options)
    ) {
      const [, section] = stdout.split(`\n${group}:\n`);
      const [listed] = section.split("\n\n");
      const letter = short === undefined ? "    " : `-${short}, `;
      assert(listed.includes(`  ${letter}--${name}`), name);
      if (fallbackText === undefined) continue;
      const text = listed.replaceAll(/\s+/g, " ");
      assert(text.includes(`[${fallbackText}]`), `${name} ${fallbackText}`);
    }
    assert(stdout.includes(positionals));
    for (const [args] of examples) {
      assert(stdout.includes(`${role} ${args}`.trimEnd()));
    }
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  });

  Deno.test(`${role} -h shows what is needed most on one screen, whatever else is said`, async () => {
    const { stdout } = await runRole(role, ["-h"]);
    const lines = stdout.trimEnd().split("\n");
    // The last of 24 lines is the prompt's.
    assert(lines.length <= 23, `${lines.length} lines`);
    for (const line of lines) assert(line.length <= 80, line);
    const [listed] = stdout.split("\n\nExamples:\n");
    for (const [name, { brief }] of Object.entries(options)) {
      assertEquals(listed.includes(` --${name}`), brief !== undefined, name);
    }
    assert(lines.at(-1)!.endsWith("--help"), lines.at(-1));
    const other = await runRole(role, ["--port", "nonsense", "-h", "--xyzzy"]);
    assertEquals(other, { code: 0, stdout, stderr: "" });
    const long = await runRole(role, ["-h", "--help"]);
    assertEquals(long.stdout, (await runRole(role, ["--help"])).stdout);
  });

  Deno.test(`${role}'s examples are quoted as sh, PowerShell and cmd.exe take it`, () => {
    for (const [args] of examples) {
      assert(!args.includes("'"), args);
      // An operator outside of double quotes would redirect.
      assert(!/[<>&|]/.test(args.replaceAll(/"[^"]*"/g, "")), args);
    }
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
