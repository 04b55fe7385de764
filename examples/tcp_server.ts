// The TCP server of the text: deno run --allow-net examples/tcp_server.ts [PORT]
const [port = "27015"] = Deno.args;

/** Rejects unless the operation is over in 10 seconds: a silent client must not hold it up. */
function inTime<T>(operation: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new Error("the client is silent"));
  const timer = setTimeout(giveUp, 10_000);
  return Promise.race([operation, late]).finally(() => clearTimeout(timer));
}

const listener = Deno.listen({ hostname: "0.0.0.0", port: Number(port) });
console.log(`Listening on port ${listener.addr.port}`);
using client = await listener.accept();
listener.close();
const buffer = new Uint8Array(65_536);
for (let length; (length = await inTime(client.read(buffer))) !== null;) {
  console.log(`Bytes received: ${length}`);
  for (let sent = 0; sent < length;) {
    sent += await inTime(client.write(buffer.subarray(sent, length)));
  }
  console.log(`Bytes sent: ${length}`);
}
console.log("Connection closing...");
await client.closeWrite();
