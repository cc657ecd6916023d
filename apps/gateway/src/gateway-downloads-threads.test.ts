import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { encodePexMessage } from "@seedfleet/wire";
import { GivenMirror } from "./testing-mirror.ts";
import type { Introduces, TestPeer } from "./testing-peer.ts";
import { type GivenTorrent, givenTorrent } from "./testing-torrent.ts";

// Peer threads have the system's clock, so these tests wait for what happens and for no time.
const WORKERS = 2;
const TORRENT = givenTorrent("mirrored", { sizeBytes: 2_000_000 });
const PEX_ID = 2;
const FLAGS = {
  ...{ prefersEncryption: false, uploadOnly: false, reachable: true },
  ...{ supportsUtp: false, supportsHolepunch: false },
};
const FAST = { reserved: { fast: true } };

/** A mirror without a peer to go to. */
async function threaded(): Promise<GivenMirror> {
  const mirrored = await GivenMirror.start(TORRENT, { workers: WORKERS });
  await mirrored.mirror([]);
  return mirrored;
}

/** Its only seed, which comes to one of the threads. */
async function comes(
  mirrored: GivenMirror,
  how: Omit<Introduces, "peerId"> = {},
): Promise<TestPeer> {
  await mirrored.until(() => mirrored.isDownloading);
  const seed = await mirrored.given.join(TORRENT, "seed", how);
  const bits = Bitfield.full(TORRENT.metainfo.pieceCount).toBytes();
  seed.send({ kind: "bitfield", bits });
  await seed.until(() => seed.count("interested") === 1);
  return seed;
}

/** Answers what it is asked for, until it has answered so much or the connection ends. */
async function serve(
  seed: TestPeer,
  { content, metainfo }: GivenTorrent,
  { from = 0, to = Number.POSITIVE_INFINITY } = {},
): Promise<void> {
  for (let answered = from; answered < to; answered += 1) {
    await seed.until(() => seed.requests.length > answered || seed.socket.destroyed);
    const block = seed.requests[answered];
    if (block === undefined) return;
    const { piece, begin, length } = block;
    const at = piece * metainfo.pieceLengthBytes + begin;
    seed.send({ kind: "piece", piece, begin, data: content.subarray(at, at + length) });
  }
}

test("a mirror is downloaded from a peer that came to another thread", async () => {
  await using mirrored = await threaded();
  const seed = await comes(mirrored);
  seed.send({ kind: "unchoke" });
  const serving = serve(seed, TORRENT);
  await mirrored.until(() => mirrored.there.isFull);
  await mirrored.until(() => mirrored.given.logged("mirror complete") === 1);
  await serving;
  // It has all, and so have we.
  await mirrored.until(() => mirrored.given.closed("peer-is-seed") === 1);
  await mirrored.until(() => mirrored.progress?.state === "complete");
  equal(mirrored.progress?.downloadedBytes, TORRENT.metainfo.sizeBytes);
  equal(mirrored.progress?.wastedBytes, 0);
});

test("what a peer at another thread was asked for and rejects others are asked for", async () => {
  await using mirrored = await threaded();
  const seed = await comes(mirrored, FAST);
  seed.send({ kind: "unchoke" });
  await serve(seed, TORRENT, { to: 3 });
  await seed.until(() => seed.requests.length > 3);
  const asked = seed.requests.slice(3);
  seed.send({ kind: "choke" });
  for (const { piece, begin, length } of asked) {
    seed.send({ kind: "reject-request", piece, begin, length });
  }
  const other = await mirrored.given.join(TORRENT, "other", FAST);
  other.send({ kind: "have-all" }, { kind: "unchoke" });
  const serving = serve(other, TORRENT);
  await mirrored.until(() => mirrored.there.isFull);
  await serving;
  const again = other.requests;
  for (const { piece, begin } of asked) {
    ok(again.some((each) => each.piece === piece && each.begin === begin));
  }
});

test("a peer at another thread that chokes is asked for the pieces that it allows", async () => {
  await using mirrored = await threaded();
  const seed = await comes(mirrored, FAST);
  seed.send({ kind: "allowed-fast", piece: 7 });
  await serve(seed, TORRENT, { to: 4 });
  await mirrored.until(() => mirrored.there.has(7));
  deepEqual(new Set(seed.requests.map(({ piece }) => piece)), new Set([7]));
});

test("a peer at another thread that sends what is not the torrent's is left", async () => {
  await using mirrored = await threaded();
  const seed = await comes(mirrored);
  seed.send({ kind: "unchoke" });
  const wrong = { ...TORRENT, content: Buffer.alloc(TORRENT.content.length, 1) };
  const serving = serve(seed, wrong);
  await mirrored.until(() => mirrored.given.closed("piece-corrupt") === 1);
  await serving;
  equal(mirrored.there.count, 0);
});

test("a peer at another thread names others, who are gone to", async () => {
  await using mirrored = await threaded();
  const seed = await comes(mirrored, { reserved: { extended: true } });
  const honest = await mirrored.peer("honest", {});
  const added = [{ ...honest.address, flags: FLAGS }];
  seed.extend(PEX_ID, encodePexMessage({ added, dropped: [] }));
  await mirrored.until(() => mirrored.there.isFull);
  equal(honest.connections, 1);
});
