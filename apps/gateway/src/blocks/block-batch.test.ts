import { deepEqual, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { BLOCK_BYTES } from "@seedfleet/wire";
import type { Passing } from "../fills/passing-stretches.ts";
import { PeerStream } from "../peers/peer-stream.ts";
import { BlockBatch } from "./block-batch.ts";
import { Shelf } from "./cached-piece.ts";
import { FRAME_BYTES } from "./framed-piece.ts";
import { PieceCache } from "./piece-cache.ts";
import { STRETCH_BYTES, Stretch, StretchMemory } from "./stretch.ts";

test("BlockBatch holds each stretch until its batch was taken, also a later batch's", async () => {
  const given = await givenBatch();
  await using _ = given;
  const { batch, released } = given;
  const [first, second, third] = given.stretches;
  const send = (stretch: Stretch): void => {
    add(batch, stretch, stretch.key * STRETCH_BYTES);
    batch.writeRun();
  };
  send(first);
  send(second);
  const firstTaken = batch.pin();
  send(third);
  batch.taken();
  deepEqual(released, [2]);
  send(third);
  const secondTaken = batch.pin();
  batch.taken();
  deepEqual(released, [2]);
  firstTaken();
  deepEqual(released, [2, 1, 0]);
  secondTaken();
  deepEqual(released, [2, 1, 0, 2]);
});

test("BlockBatch writes blocks that lie one after the other in stretches as they are", async () => {
  const given = await givenBatch();
  await using _ = given;
  const { batch, stretches } = given;
  for (const [index, stretch] of stretches.entries()) {
    for (let at = 0; at < STRETCH_BYTES; at += BLOCK_BYTES) {
      add(batch, stretch, index * STRETCH_BYTES + at);
    }
  }
  batch.writeRun();
  ok((await given.sent()).equals(Buffer.concat(stretches.map(({ framed }) => framed))));
  ok(stretches.every(({ leftBytes }) => leftBytes === 0));
});

test("BlockBatch writes a block from the middle of a stretch, and one before it", async () => {
  const given = await givenBatch();
  await using _ = given;
  const { batch, stretches } = given;
  const [, second] = stretches;
  add(batch, second, STRETCH_BYTES + 3 * BLOCK_BYTES);
  add(batch, second, STRETCH_BYTES + BLOCK_BYTES);
  batch.writeRun();
  const frames = [3, 1].map((at) =>
    second.framed.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES),
  );
  ok((await given.sent()).equals(Buffer.concat(frames)));
});

function add(batch: BlockBatch, stretch: Stretch, begin: number): void {
  const block = { piece: 7, begin, length: BLOCK_BYTES };
  const there = batch.at(block);
  if (there === null) batch.use(stretch);
  batch.add(there ?? stretch, block);
}

async function givenBatch() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  ok(typeof address === "object" && address !== null);
  const accepted = once(server, "connection");
  const socket = connect(address.port, "127.0.0.1");
  const [taker] = await accepted;
  const shelf = new Shelf();
  const stretchAt = (index: number): Stretch => {
    const memory = new StretchMemory();
    memory.framed.fill(`stretch ${index}`);
    const begin = index * STRETCH_BYTES;
    return new Stretch({ key: index, shelf, piece: 7, begin, lengthBytes: STRETCH_BYTES }, memory);
  };
  const released: number[] = [];
  const passing: Passing = {
    take: () => null,
    release: (stretch) => void released.push(stretch.key),
    isCrowded: false,
  };
  const cache = new PieceCache({ bytesMax: 1_000_000 });
  return {
    batch: new BlockBatch({ cache, passing }, new PeerStream(socket)),
    stretches: [stretchAt(0), stretchAt(1), stretchAt(2)] as const,
    released,
    /** All that was written, after which nothing more can be. */
    async sent(): Promise<Buffer> {
      socket.end();
      return Buffer.concat(await Array.fromAsync<Buffer>(taker));
    },
    async [Symbol.asyncDispose](): Promise<void> {
      socket.destroy();
      taker.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
