/**
 * Where Prometheus finds the metrics: `/metrics`, and `/healthz` beside it.
 *
 * @module
 */
import { allowList } from "../../net/allow_list.ts";
import { describeError, EchosounderError } from "../../net/errors.ts";
import { formatAddress } from "../../net/address.ts";
import type { Role } from "../../events/line.ts";
import type { Family } from "./family.ts";
import { processFamilies } from "./process_families.ts";

/** An address to serve on. */
export interface ListenAddress {
  /** An address of this machine, without brackets. */
  hostname: string;
  /** The port; 0 takes a free one. */
  port: number;
}

/** What is served, and to whom. */
export interface MetricsOptions {
  /** Whose they are. */
  role: Role;
  /** Where. */
  address: ListenAddress;
  /** To these address blocks alone; to everyone where there are none. */
  allow?: readonly string[];
  /** Reads the metrics, besides those of the process. */
  families: () => Family[] | Promise<Family[]>;
  /** Whether the program does its work: `/healthz` is 200 or 503. */
  isHealthy: () => boolean;
  /** Called with what went wrong in answering a request. */
  onError: (error: unknown) => void;
}

/** Answers with a line of text. */
function say(status: number, text: string, headers = {}): Response {
  return new Response(`${text}\n`, { status, headers });
}

/**
 * Serves the metrics until the process ends.
 *
 * @returns What was bound.
 * @throws {EchosounderError} `cannot-bind`.
 */
export async function serveMetrics(
  { role, address, allow = [], families, isHealthy, onError }: MetricsOptions,
): Promise<Deno.NetAddr> {
  const { hostname, port } = address;
  // Loaded by those alone who ask for metrics, and not while it would delay
  // messages.
  const { Exposition, formatFor } = await import("./exposition.ts");
  const isAllowed = allowList(allow);
  const expositions = new Map<string, InstanceType<typeof Exposition>>();
  const answers: Record<string, (request: Request) => Promise<Response>> = {
    "/metrics": async ({ headers }) => {
      const format = formatFor(headers.get("accept"));
      const all = [...await families(), ...processFamilies(role)];
      const exposition = expositions.get(format) ?? new Exposition(format);
      expositions.set(format, exposition);
      return new Response(await exposition.write(all), {
        headers: {
          "content-type": format,
          // Compressing would take the time of this thread.
          "cache-control": "no-store, no-transform",
        },
      });
    },
    "/healthz": () =>
      Promise.resolve(isHealthy() ? say(200, "ok") : say(503, "stopping")),
  };
  const handler = async (
    request: Request,
    { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> => {
    if (!isAllowed(remoteAddr.hostname)) {
      return say(403, "your address is not in the allow-list (--allow)");
    }
    const answer = answers[new URL(request.url).pathname];
    if (answer === undefined) {
      return say(404, `only ${Object.keys(answers).join(" and ")} are here`);
    }
    if (!["GET", "HEAD"].includes(request.method)) {
      return say(405, "only GET and HEAD", { allow: "GET, HEAD" });
    }
    return await answer(request);
  };
  try {
    const server = Deno.serve({
      hostname,
      port,
      // It is told as an event.
      onListen: () => {},
      onError: (error) => {
        onError(error);
        return say(500, "an error of the program itself; it has logged it");
      },
    }, handler);
    return server.addr;
  } catch (error) {
    throw new EchosounderError(
      "cannot-bind",
      `--metrics: cannot bind ${formatAddress(hostname, port)}: ${
        describeError(error)
      }; choose another port, or 0 for a free one`,
    );
  }
}
