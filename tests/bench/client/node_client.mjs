// The obvious client on Node: the benchmark's comparison with what one would
// write in an hour. It prints one line of JSON.
//
//   node node_client.mjs HOST PORT CONNECTIONS SIZE SECONDS [discard]
import { connect } from "node:net";

const [host, port, connections, size, seconds, service] = process.argv.slice(2);
const message = Buffer.alloc(Number(size), "echo");
const delays = [];
let bytes = 0;
const start = performance.now();
const end = start + Number(seconds) * 1000;

function echo(socket) {
  let received = 0;
  let sentAt;
  const send = () => {
    received = 0;
    sentAt = performance.now();
    socket.write(message);
  };
  socket.on("data", (piece) => {
    if (piece.compare(message, received, received + piece.length) !== 0) {
      throw new Error("the echo differs");
    }
    received += piece.length;
    if (received < message.length) return;
    const time = performance.now();
    delays.push((time - sentAt) * 1000);
    if (time < end) send();
    else socket.end();
  });
  send();
}

function pour(socket) {
  const write = () => {
    while (performance.now() < end) {
      bytes += message.length;
      if (!socket.write(message)) return void socket.once("drain", write);
    }
    socket.end();
  };
  write();
}

let open = Number(connections);
for (let i = 0; i < Number(connections); i++) {
  const socket = connect(
    { host, port: Number(port), noDelay: true },
    () => service === "discard" ? pour(socket) : echo(socket),
  );
  socket.on("close", () => {
    if (--open > 0) return;
    const took = performance.now() - start;
    const { user, system } = process.cpuUsage();
    delays.sort((a, b) => a - b);
    console.log(JSON.stringify({
      rate: Math.round(delays.length / took * 1000),
      p50: delays[delays.length >> 1],
      p99: delays[Math.floor(delays.length * 0.99)],
      cpu: (user + system) / Math.max(delays.length, 1),
      throughput: bytes / took * 1000,
    }));
  });
  if (service === "discard") socket.resume();
}
