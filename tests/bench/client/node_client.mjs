// The obvious client on Node: the benchmark's comparison with what one would
// write in an hour. It prints one line of JSON.
//
//   node node_client.mjs HOST PORT CONNECTIONS SIZE SECONDS [discard|udp]
import { createSocket } from "node:dgram";
import { connect } from "node:net";

const LOST_AFTER = 200;

const [host, port, connections, size, seconds, service] = process.argv.slice(2);
const message = Buffer.alloc(Number(size), "echo");
const delays = [];
let bytes = 0;
let lost = 0;
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

function ask(socket) {
  const datagram = Buffer.from(message);
  let number = 0;
  let sentAt;
  const send = () => {
    datagram.writeUInt32BE(++number);
    sentAt = performance.now();
    socket.send(datagram);
  };
  const again = () => {
    if (performance.now() < end) return send();
    clearInterval(watch);
    socket.close();
  };
  const watch = setInterval(() => {
    if (performance.now() - sentAt < LOST_AFTER) return;
    lost++;
    again();
  }, LOST_AFTER / 2);
  socket.on("message", (answer) => {
    if (answer.readUInt32BE(0) !== number) return;
    if (answer.compare(datagram) !== 0) throw new Error("the echo differs");
    delays.push((performance.now() - sentAt) * 1000);
    again();
  });
  send();
}

let open = Number(connections);

function closed() {
  if (--open > 0) return;
  const took = performance.now() - start;
  const { user, system } = process.cpuUsage();
  delays.sort((a, b) => a - b);
  console.log(JSON.stringify({
    rate: Math.round(delays.length / took * 1000),
    p50: delays[delays.length >> 1],
    p99: delays[Math.floor(delays.length * 0.99)],
    cpu: (user + system) / Math.max(delays.length, 1),
    throughput: service === "discard" ? bytes / took / 1000 : undefined,
    lost: service === "udp" ? lost : undefined,
  }));
}

for (let i = 0; i < Number(connections); i++) {
  if (service === "udp") {
    const socket = createSocket("udp4");
    socket.on("close", closed);
    socket.connect(Number(port), host, () => ask(socket));
    continue;
  }
  const socket = connect(
    { host, port: Number(port), noDelay: true },
    () => service === "discard" ? pour(socket) : echo(socket),
  );
  socket.on("close", closed);
  if (service === "discard") socket.resume();
}
