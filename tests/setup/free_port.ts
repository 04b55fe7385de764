/**
 * Ports that stay free until a test's own server takes them.
 *
 * @module
 */

/**
 * Below the ports that systems hand out to those that ask for any (Linux from
 * 32768, others from 49152), so that no other test gets it meanwhile.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A port of this machine that nobody has, neither over TCP nor over UDP. */
export function freePort(): number {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    try {
      const hostname = "0.0.0.0";
      Deno.listen({ hostname, port }).close();
      Deno.listenDatagram({ transport: "udp", hostname, port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
