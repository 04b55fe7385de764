/**
 * Ports that stay free until a test's own server binds them.
 *
 * @module
 */

/**
 * Below the ephemeral ports of systems (Linux from 32768, others from 49152), so
 * that no other test gets it meanwhile.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A port of this machine that is free over TCP and UDP. */
export function freePort(): number {
  return freePorts(1);
}

/** The first of several ports in a row that are free over TCP and UDP. */
export function freePorts(count: number): number {
  for (;;) {
    const first = LOWEST +
      Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    const ports = Array.from({ length: count }, (_, i) => first + i);
    if (ports.every(isFree)) return first;
  }
}

function isFree(port: number): boolean {
  try {
    const hostname = "0.0.0.0";
    Deno.listen({ hostname, port }).close();
    Deno.listenDatagram({ transport: "udp", hostname, port }).close();
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return false;
  }
}
