/**
 * The targets of a client: from its arguments, or from a list on standard input.
 *
 * @module
 */
import { formatAddress } from "../net/address.ts";
import type { ClientLine } from "./client.ts";
import { STAMP_PORT } from "../udp/defaults.ts";
import { exclude } from "./command_line/combinations.ts";
import { remotePort, target, UsageError } from "./command_line/values.ts";

/** A peer to test. */
export interface ClientTarget {
  /** As it was given. */
  name: string;
  /** A name or an address without brackets. */
  hostname: string;
  /** Its port. */
  port: number;
  /** A name for people, where it was given one. */
  label?: string;
}

/**
 * The targets of a command line.
 *
 * @throws {UsageError} Where there is none, or one is wrong.
 */
export async function targetsOf(line: ClientLine): Promise<ClientTarget[]> {
  const given = readTargets(line);
  if (line.options.targets === undefined) return given;
  return await listTargets(Deno.stdin.readable, portOf(line));
}

/** The port of targets without one of their own. */
function portOf({ options, given }: ClientLine): number {
  const isStamp = options.service === "stamp" && !given.has("port");
  return isStamp ? STAMP_PORT : options.port;
}

/**
 * The targets among a command line's arguments; none where they are on standard
 * input.
 *
 * @throws {UsageError} Where there is none, one is no host or has two ports, or two
 * have the same name.
 */
export function readTargets(
  line: ClientLine,
): ClientTarget[] {
  const { options, given, positionals } = line;
  const { label, targets } = options;
  const port = portOf(line);
  if (targets === undefined && positionals.length === 0) {
    throw new UsageError("the target is missing: HOST or HOST:PORT");
  }
  if (targets !== undefined && positionals.length > 0) {
    exclude("--targets", positionals[0], "each says what to test");
  }
  if (label !== undefined && positionals.length !== 1) {
    throw new UsageError(
      "--label names one target; with several, write --targets - and a label after each",
    );
  }
  return checkNames(positionals.map((name, i) => {
    if (i > 0) checkFurther(positionals[0], name);
    const { hostname, port: own } = target(name);
    if (own !== undefined && given.has("port") && own !== port) {
      throw new UsageError(
        `two ports: ${own} in "${name}", and --port ${port}`,
      );
    }
    return { name, hostname, port: own ?? port, label };
  }));
}

/** Each target's lines go by its name: no two may share one. */
function checkNames(targets: ClientTarget[]): ClientTarget[] {
  const names = new Set<string>();
  for (const { name, label = name } of targets) {
    if (names.has(label)) {
      throw new UsageError(
        `two targets are called "${label}": give each a label of its own, with --targets -`,
      );
    }
    names.add(label);
  }
  return targets;
}

/** A number after the host was meant as its port, as for ncat; what is no host, as a text. */
function checkFurther(first: string, argument: string): void {
  if (/^\d+$/.test(argument)) {
    const port = remotePort(argument);
    throw new UsageError(
      `a port goes with its host: write ${
        formatAddress(target(first).hostname, port)
      } or --port ${port}`,
    );
  }
  try {
    target(argument);
  } catch {
    const joint = argument.startsWith("-") ? "=" : " ";
    throw new UsageError(
      `"${argument}" is not a host; a text to send goes with --message${joint}"${argument}"`,
    );
  }
}

/**
 * Reads a list of targets: one a line, `HOST` or `HOST:PORT`, and after it a label
 * if there is one. Empty lines and those that begin with `#` are skipped.
 *
 * @throws {UsageError} Naming a line that is no target, where there is none, or where
 * two have the same name.
 */
async function listTargets(
  input: ReadableStream<Uint8Array>,
  port: number,
): Promise<ClientTarget[]> {
  const text = await new Response(input).text();
  const targets = text.split(/\r?\n/).flatMap((line, i) => {
    const [name, ...label] = line.trim().split(/\s+/);
    if (name === "" || name.startsWith("#")) return [];
    try {
      const { hostname, port: own = port } = target(name);
      return [{
        name,
        hostname,
        port: own,
        label: label.join(" ") || undefined,
      }];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`--targets, line ${i + 1}: ${error.message}`);
    }
  });
  if (targets.length > 0) return checkNames(targets);
  throw new UsageError("--targets: standard input names no target");
}
