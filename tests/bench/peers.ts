/**
 * The servers that the benchmark compares, each started in its own way.
 *
 * @module
 */
import process from "node:process";
import { join } from "node:path";
import { ROLE_FLAGS } from "../../tasks/entry_module.ts";
import { roleCommand, TestProcess } from "../setup/process.ts";
import { freePort } from "../setup/free_port.ts";
import { until } from "../setup/until.ts";
import { startWithWorkers } from "../setup/workers.ts";
import { isInstalled } from "../setup/where.ts";

const HOST = "127.0.0.1";
const FOLDER = new URL("peers/", import.meta.url).pathname;

/** A server in the comparison. */
export interface Peer {
  name: string;
  /** Starts it, and waits until it listens; absent where it knows no such transport. */
  start: Partial<
    Record<
      "tcp" | "udp" | "stamp",
      () => Promise<{ server: TestProcess; port: number }>
    >
  >;
}

/** A server that prints its port first. */
async function printing(command: string[]) {
  const server = new TestProcess(command);
  await server.shows("\n");
  return { server, port: Number(server.stdout.split("\n")[0]) };
}

/**
 * A server with a process for each client: those do not all end with it, and
 * what is left of them holds its output open.
 */
class ForkingServer extends TestProcess {
  constructor(command: string[]) {
    super(["setsid", ...command]);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    // The whole group, which it leads.
    process.kill(-this.pid, "SIGKILL");
    await super[Symbol.asyncDispose]();
  }
}

/** A server that gets its port as an argument, and prints nothing. */
async function startAtPort(command: (port: number) => string[]) {
  const port = freePort();
  const server = new ForkingServer(command(port));
  let isThere = false;
  await until(() => {
    Deno.connect({ hostname: HOST, port }).then((conn) => {
      conn.close();
      isThere = true;
    }, () => {});
    return isThere;
  }, `${command(port)[0]} on port ${port}`);
  return { server, port };
}

function ours(transport: "tcp" | "udp", ...options: string[]) {
  return async () => {
    const server = new TestProcess([
      ...roleCommand(`${transport}-server`),
      "--host",
      HOST,
      "--port",
      "0",
      ...options,
    ]);
    return { server, port: await server.listening() };
  };
}

/**
 * Installs Bun from npm into a folder of its own; `undefined` where that fails.
 */
export async function fetchBun(folder: string): Promise<string | undefined> {
  const { success } = await new Deno.Command("npm", {
    args: ["install", "--no-save", "--prefix", folder, "bun@1.4.5"],
    stdout: "null",
    stderr: "null",
  }).output().catch(() => ({ success: false }));
  return success ? join(folder, "node_modules/.bin/bun") : undefined;
}

/** All peers that are available; the missing ones are printed. */
export async function findPeers(folder: string): Promise<Peer[]> {
  const left = (name: string, why: string) =>
    console.log(`${name} is left out: ${why}`);
  const peers: Peer[] = [];
  const both = (name: string, command: (transport: string) => string[]) =>
    peers.push({
      name,
      start: {
        tcp: () => printing(command("tcp")),
        udp: () => printing(command("udp")),
      },
    });
  both("C (epoll)", (transport) => [join(folder, "echo"), transport]);
  peers.push({
    name: "echosounder",
    start: { tcp: ours("tcp"), udp: ours("udp") },
  });
  for (const threads of [2, 4]) {
    peers.push({
      name: `C (epoll), ${threads} threads`,
      start: {
        tcp: () => printing([join(folder, "echo"), "tcp", String(threads)]),
      },
    });
    peers.push({
      name: `echosounder, ${threads} workers`,
      start: {
        tcp: async () => {
          const server = await startWithWorkers("tcp-server", [
            ...["--host", HOST, "--port", "0", "--workers", String(threads)],
          ]);
          return { server, port: await server.listening() };
        },
      },
    });
  }
  peers.push({
    name: "echosounder, stamp",
    start: { stamp: ours("udp", "--service", "stamp") },
  });
  both("bare Deno loop", (transport) => [
    Deno.execPath(),
    "run",
    ...ROLE_FLAGS,
    `${FOLDER}deno_echo.ts`,
    transport,
  ]);
  const bun = await fetchBun(folder);
  if (bun === undefined) left("Bun", "npm cannot fetch it");
  else both("Bun", (transport) => [bun, `${FOLDER}bun_echo.mjs`, transport]);
  if (!isInstalled("node")) left("Node", "it is not installed");
  else {both(
      "Node",
      (transport) => ["node", `${FOLDER}node_echo.mjs`, transport],
    );}
  if (!isInstalled("python3")) left("Python", "it is not installed");
  else {
    both("Python", (transport) => [
      "python3",
      `${FOLDER}asyncio_echo.py`,
      transport,
    ]);
  }
  if (!isInstalled("socat")) left("socat", "it is not installed");
  else {
    const command = (port: number) => [
      "socat",
      `TCP-LISTEN:${port},bind=${HOST},fork,reuseaddr,backlog=4096,nodelay`,
      "PIPE",
    ];
    peers.push({ name: "socat", start: { tcp: () => startAtPort(command) } });
  }
  if (!isInstalled("ncat")) left("ncat", "it is not installed");
  else {
    const command = (port: number) => [
      "ncat",
      "--listen",
      HOST,
      String(port),
      "--keep-open",
      "--max-conns",
      "2000",
      "--exec",
      "/bin/cat",
    ];
    peers.push({ name: "ncat", start: { tcp: () => startAtPort(command) } });
  }
  return peers;
}
