/**
 * A minimal echo server for Deno, which shows Deno's own limit; with "udp", the
 * same for datagrams. It prints its port. Callbacks instead of `await`, as in the
 * servers that are compared with it.
 *
 * @module
 */
const HOST = { hostname: "127.0.0.1", port: 0 };

function echoDatagrams(): Deno.Addr {
  const socket = Deno.listenDatagram({ transport: "udp", ...HOST });
  const buffer = new Uint8Array(65_536);
  const receive = () => void socket.receive(buffer).then(onReceived);
  const onReceived = ([datagram, peer]: [Uint8Array, Deno.Addr]) =>
    void socket.send(datagram, peer).then(receive);
  receive();
  return socket.addr;
}

function echoStreams(): Deno.Addr {
  const listener = Deno.listen({ ...HOST, tcpBacklog: 4096 });
  const accept = () => void listener.accept().then(serve);
  const serve = (conn: Deno.TcpConn) => {
    conn.setNoDelay();
    echo(conn);
    accept();
  };
  accept();
  return listener.addr;
}

function echo(conn: Deno.TcpConn): void {
  const buffer = new Uint8Array(65_536);
  let rest = buffer;
  const close = () => conn.close();
  const read = () => void conn.read(buffer).then(onRead, close);
  const write = () => void conn.write(rest).then(onWritten, close);
  const onRead = (length: number | null) => {
    if (length === null) return close();
    rest = buffer.subarray(0, length);
    write();
  };
  const onWritten = (length: number) => {
    if (length === rest.length) return read();
    rest = rest.subarray(length);
    write();
  };
  read();
}

const { port } =
  (Deno.args[0] === "udp" ? echoDatagrams() : echoStreams()) as Deno.NetAddr;
console.log(port);
