/**
 * Datagrams that claim to come from another port: that takes a raw socket, and root.
 *
 * @module
 */
import { bytes } from "./bytes.ts";
import { hex } from "./hex.ts";
import { isInstalled } from "./where.ts";

const FORGER = `
import socket, struct, sys
source, target = int(sys.argv[1]), int(sys.argv[2])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
for payload in map(bytes.fromhex, sys.argv[3:]):
    header = struct.pack("!HHHH", source, target, 8 + len(payload), 0)
    raw.sendto(header + payload, ("127.0.0.1", 0))
`;

/** Whether this machine lets a test forge. */
export const CAN_FORGE: boolean = Deno.build.os === "linux" &&
  Deno.uid() === 0 && isInstalled("python3");

/** Sends datagrams to a port of the loopback that claim to come from another one. */
export async function forge(
  from: number,
  to: number,
  ...payloads: (string | Uint8Array)[]
): Promise<void> {
  const texts = payloads.map((payload) =>
    hex(typeof payload === "string" ? bytes(payload) : payload)
  );
  const { success, stderr } = await new Deno.Command("python3", {
    args: ["-c", FORGER, String(from), String(to), ...texts],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
