import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { systemClock } from "@seedfleet/runtime";
import { connectTo } from "./announced-peers.ts";
import { HandshakeReads } from "./handshake-reads.ts";
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
