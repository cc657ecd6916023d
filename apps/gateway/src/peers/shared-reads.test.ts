import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { systemClock } from "@seedfleet/runtime";
import { Gathered } from "@seedfleet/testkit";
import { connectTo } from "./announced-peers.ts";
import { HandshakeReads } from "./handshake-reads.ts";
import { listenForPeers } from "./peer-server.ts";
import { PeerStream } from "./peer-stream.ts";

test("connections that share reads get all that each is sent, also before they look", async (t) => {
  const said = [Buffer.alloc(300_000, 1), Buffer.alloc(300_000, 2)];
  let answered = 0;
  const server = createServer((socket) => {
    socket.write("hello");
    const mine = said[answered] ?? Buffer.alloc(0);
    answered += 1;
    socket.once("data", () => socket.end(mine));
  });
  t.after(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const opened: Socket[] = [];
  for (const _ of said) {
    const socket = await connectTo(systemClock, { host: "127.0.0.1", port }, { shared: true });
    if (socket !== null) opened.push(socket);
  }
  equal(opened.length, 2);
  const greetings: Buffer[] = [];
  for (const socket of opened) {
    using reads = new HandshakeReads(systemClock, socket);
    const read = await reads.next();
    if (typeof read !== "string") greetings.push(read);
  }
  deepEqual(greetings.map(String), ["hello", "hello"]);
  const received = await Promise.all(opened.map(receiveAll));
  deepEqual(
    received.map((bytes) => [bytes.length, new Set(bytes).size, bytes[0]]),
    [
      [300_000, 1, 1],
      [300_000, 1, 2],
    ],
  );
});

test("connections that are accepted share reads, each with its own bytes", async (t) => {
  using server = await listenForPeers(
    { host: "127.0.0.1", port: 0 },
    { shared: false, nearRoundTripMs: 0 },
  );
  const accepted = new Gathered<Socket>();
  const clients = [1, 2].map((fill) => {
    const client = connect({ host: "127.0.0.1", port: server.port });
    t.after(() => void client.destroy());
    return client.once("data", () => client.end(Buffer.alloc(300_000, fill)));
  });
  await once(clients[0] as Socket, "connect");
  // The first came before anybody was accepted.
  server.open(accepted.add);
  const sockets = await accepted.count(2);
  const received = await Promise.all(sockets.map(receiveAll));
  const fills = received.map((bytes) => [bytes.length, new Set(bytes).size, bytes[0]]);
  deepEqual(
    fills.toSorted((one, other) => (one[2] ?? 0) - (other[2] ?? 0)),
    [
      [300_000, 1, 1],
      [300_000, 1, 2],
    ],
  );
});

function receiveAll(socket: Socket): Promise<Buffer> {
  const stream = new PeerStream(socket);
  equal(stream.reusesReads, true);
  const parts: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  stream.open(
    (bytes) => void parts.push(Buffer.from(bytes)),
    () => resolve(Buffer.concat(parts)),
  );
  stream.write(Buffer.of(0));
  stream.readOrNot(true);
  return promise;
}
