/**
 * Closing a socket that may be closed already.
 *
 * @module
 */

/**
 * Closes a socket, unless it is closed already: its peer, a timeout and the caller
 * may all end it.
 */
export function close(socket: { close(): void }): void {
  try {
    socket.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
