// The obvious echo server on Node; with "udp", the same for datagrams. It prints
// its port. Bun runs it, too: see bun_echo.mjs for Bun's own way.
import { createServer } from "node:net";
import { createSocket } from "node:dgram";

if (process.argv[2] === "udp") {
  const socket = createSocket("udp4");
  socket.on(
    "message",
    (data, { port, address }) => socket.send(data, port, address),
  );
  socket.bind(0, "127.0.0.1", () => console.log(socket.address().port));
} else {
  const server = createServer({ noDelay: true }, (client) => {
    client.on("error", () => client.destroy());
    client.on("data", (data) => {
      if (!client.write(data)) client.pause();
    });
    client.on("drain", () => client.resume());
  });
  server.listen(
    { port: 0, host: "127.0.0.1", backlog: 4096 },
    () => console.log(server.address().port),
  );
}
