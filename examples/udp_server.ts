// The UDP server of the text: deno run --allow-net examples/udp_server.ts [PORT]
const [port = "7000"] = Deno.args;

const socket = Deno.listenDatagram({
  transport: "udp",
  hostname: "0.0.0.0",
  port: Number(port),
});
console.log(`Listening on port ${(socket.addr as Deno.NetAddr).port}`);
// A server waits as long as it takes. The largest datagram fits into 65,536
// bytes, and `datagram` is a view of them, exactly as long as what came.
const [datagram, client] = await socket.receive(new Uint8Array(65_536));
console.log(new TextDecoder().decode(datagram));
await socket.send(datagram, client);
socket.close();
