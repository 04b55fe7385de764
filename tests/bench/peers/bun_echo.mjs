// The echo server in Bun's own way; with "udp", the same for datagrams. It
// prints its port.
if (process.argv[2] === "udp") {
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket, data, port, address) =>
        void socket.send(data, port, address),
    },
  });
  console.log(socket.port);
} else {
  const flush = (socket) => {
    while (socket.data.length > 0) {
      const piece = socket.data[0];
      const written = socket.write(piece);
      if (written < piece.length) {
        socket.data[0] = piece.subarray(written);
        return;
      }
      socket.data.shift();
    }
  };
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = [];
        socket.setNoDelay(true);
      },
      data: (socket, data) => {
        if (socket.data.length > 0) {
          socket.data.push(Buffer.from(data));
          return;
        }
        const written = socket.write(data);
        if (written < data.length) {
          socket.data.push(Buffer.from(data.subarray(written)));
        }
      },
      drain: flush,
    },
  });
  console.log(server.port);
}
