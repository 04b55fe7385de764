// The UDP client of the text: deno run --allow-net examples/udp_client.ts ADDRESS [PORT]
const [hostname, port = "7000"] = Deno.args;
if (hostname === undefined) {
  console.error("usage: udp_client.ts ADDRESS [PORT]");
  Deno.exit(1);
}

/** Rejects unless the operation is over in 5 seconds: a datagram may be lost. */
function inTime<T>(operation: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new Error("no answer for 5 s"));
  const timer = setTimeout(giveUp, 5000);
  return Promise.race([operation, late]).finally(() => clearTimeout(timer));
}

// Port 0: any free port, and not the server's own.
const own = hostname.includes(":") ? "::" : "0.0.0.0";
const socket = Deno.listenDatagram({
  transport: "udp",
  hostname: own,
  port: 0,
});
const server = { transport: "udp", hostname, port: Number(port) } as const;
await socket.send(new TextEncoder().encode("this is a test"), server);
const [answer] = await inTime(socket.receive(new Uint8Array(65_536)));
console.log(new TextDecoder().decode(answer));
socket.close();
