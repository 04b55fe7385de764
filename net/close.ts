/**
 * Closing a socket that may be closed already.
 *
 * @module
 */

/**
 * Closes a socket; one that is closed already stays so. Several things may end
 * a socket (its peer, a time-out, the caller), and each may come second.
 */
export function close(socket: { close(): void }): void {
  try {
    socket.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
