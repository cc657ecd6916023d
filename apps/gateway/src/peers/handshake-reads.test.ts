import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { HandshakeReads } from "./handshake-reads.ts";
import { HANDSHAKE_TIMEOUT_MS } from "./peer-limits.ts";

test("HandshakeReads gives reads as they are asked for, and leaves the rest", async () => {
  await using given = await givenPair();
  const reads = new HandshakeReads(given.clock, given.ours);
  given.theirs.write("one");
  equal(String(await reads.next()), "one");
  equal(given.ours.isPaused(), true);
  given.theirs.write("two");
  for (let turns = 0; turns < 20; turns += 1) await turn();
  reads[Symbol.dispose]();
  deepEqual([given.ours.isPaused(), given.ours.listenerCount("data")], [true, 0]);
  const [rest] = await once(given.ours.resume(), "data");
  equal(String(rest), "two");
});

test("HandshakeReads has one deadline for all reads", async () => {
  await using given = await givenPair();
  using reads = new HandshakeReads(given.clock, given.ours);
  for (let byte = 0; byte < 5; byte += 1) {
    given.theirs.write("x");
    equal(String(await reads.next()), "x");
    given.clock.advance(HANDSHAKE_TIMEOUT_MS / 5);
  }
  equal(await reads.next(), "handshake-timeout");
});

test("HandshakeReads given a peer that leaves says so, also when asked later", async () => {
  await using given = await givenPair();
  using reads = new HandshakeReads(given.clock, given.ours);
  const next = reads.next();
  given.theirs.destroy();
  equal(await next, "peer-closed");
  equal(await reads.next(), "peer-closed");
  given.clock.advance(HANDSHAKE_TIMEOUT_MS);
  equal(await reads.next(), "peer-closed");
});

test("HandshakeReads given a deadline between two reads tells it at the next", async () => {
  await using given = await givenPair();
  using reads = new HandshakeReads(given.clock, given.ours);
  given.clock.advance(HANDSHAKE_TIMEOUT_MS);
  equal(await reads.next(), "handshake-timeout");
});

type Pair = AsyncDisposable & {
  readonly clock: VirtualClock;
  readonly ours: Socket;
  readonly theirs: Socket;
};

async function givenPair(): Promise<Pair> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const accepted = once(server, "connection");
  const theirs = connect(port, "127.0.0.1");
  const [ours] = await accepted;
  return {
    clock: new VirtualClock(),
    ours: ours.on("error", () => {}),
    theirs: theirs.on("error", () => {}),
    async [Symbol.asyncDispose]() {
      ours.destroy();
      theirs.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
