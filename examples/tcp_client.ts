// The TCP client of the text: deno run --allow-net examples/tcp_client.ts SERVER [PORT]
const [hostname, port = "27015"] = Deno.args;
if (hostname === undefined) {
  console.error("usage: tcp_client.ts SERVER [PORT]");
  Deno.exit(1);
}

/** Rejects unless the operation is over in 5 seconds. */
function inTime<T>(operation: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new Error("no answer for 5 s"));
  const timer = setTimeout(giveUp, 5000);
  return Promise.race([operation, late]).finally(() => clearTimeout(timer));
}

using server = await inTime(Deno.connect({ hostname, port: Number(port) }));
const message = new TextEncoder().encode("this is a test");
for (let sent = 0; sent < message.length;) {
  sent += await inTime(server.write(message.subarray(sent)));
}
console.log(`Bytes Sent: ${message.length}`);
await server.closeWrite();
const buffer = new Uint8Array(512);
for (let length; (length = await inTime(server.read(buffer))) !== null;) {
  console.log(`Bytes received: ${length}`);
}
console.log("Connection closed");
