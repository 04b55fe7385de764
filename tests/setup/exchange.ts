/**
 * A server and a client as processes, on the loopback.
 *
 * @module
 */
import type { Role } from "../../cli/roles.ts";
import { type Outcome, runRole, startRole } from "./process.ts";

const HOST = "127.0.0.1";

/** A server's options for a free port of the loopback. */
export const LOCAL: string[] = ["--host", HOST, "--port", "0"];

/** Runs a server and a client; returns what each printed. */
export async function exchange(
  server: Role,
  serverArgs: string[],
  client: Role,
  clientArgs: string[],
): Promise<{ asked: Outcome; served: Outcome }> {
  await using serving = startRole(server, [...LOCAL, ...serverArgs]);
  const port = await serving.listening();
  const asked = await runRole(client, [`${HOST}:${port}`, ...clientArgs]);
  if (!serverArgs.includes("--once")) serving.signal("SIGTERM");
  return { asked, served: await serving.outcome() };
}
