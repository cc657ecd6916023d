import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { DOWNLOAD_PEERS_MAX } from "./downloads/download-peers.ts";
import { DOWNLOAD_USELESS_MS_MAX } from "./downloads/peer-download.ts";
import type { SeedConnection } from "./metadata/testing-seed.ts";
import { REDIAL_AFTER_MS } from "./outbound/peer-book.ts";
import { until } from "./testing.ts";
import { GivenMirror } from "./testing-mirror.ts";
import { givenTorrent } from "./testing-torrent.ts";

/** So much virtual time a turn of the loop: enough turns for what is on its way in time. */
const STEP_MS = 50;

/** Shorter than what a silent peer is closed after. */
const KEEP_ALIVE_MS = 60_000;

const PIECE_BYTES = 65_536;

/** An honest seed that unchokes nobody before it is told to. */
async function patientSeed(mirrored: GivenMirror): Promise<{
  readonly address: { readonly host: string; readonly port: number };
  readonly isWaiting: () => boolean;
  readonly unchoke: () => void;
}> {
  const waiting = new Set<SeedConnection>();
  const seed = await mirrored.peer("honest", { greeted: (each) => void waiting.add(each) });
  mirrored.given.clock.every(KEEP_ALIVE_MS, () => {
    for (const each of waiting) each.say({ kind: "keep-alive" });
  });
  return {
    address: seed.address,
    isWaiting: () => waiting.size > 0,
    unchoke() {
      for (const each of waiting) each.say({ kind: "unchoke" });
    },
  };
}

test("a peer that lets us in and drops us is gone to less and less often", async () => {
  await using mirrored = await GivenMirror.start();
  const { clock } = mirrored.given;
  const cameAtMs: number[] = [];
  const flapping = await mirrored.peer("flapping", {
    connected() {
      cameAtMs.push(clock.nowMs());
      return "goes-on";
    },
    asked: ({ socket }) => socket.destroy(),
  });
  const honest = await patientSeed(mirrored);
  await mirrored.mirror([flapping, honest]);
  await until(() => {
    clock.advance(STEP_MS);
    return cameAtMs.length === 6 && honest.isWaiting();
  });
  const waitsMs = cameAtMs.slice(1).map((atMs, at) => atMs - (cameAtMs[at] ?? 0));
  for (const [at, waitMs] of waitsMs.entries()) {
    const leastMs = REDIAL_AFTER_MS * 2 ** at;
    ok(waitMs >= leastMs && waitMs < leastMs + 5_000, `${waitsMs}`);
  }
  honest.unchoke();
  await mirrored.until(() => mirrored.there.isFull);
  equal(mirrored.given.closed("peer-closed"), 6);
});

test("peers that come, offer all and drop again and again leave nothing behind", async () => {
  const memory = { downloadBytes: 3 * PIECE_BYTES };
  const torrent = givenTorrent("mirrored", { sizeBytes: 20 * PIECE_BYTES });
  await using mirrored = await GivenMirror.start(torrent, memory);
  const { given } = mirrored;
  const honest = await patientSeed(mirrored);
  await mirrored.mirror([honest]);
  await mirrored.until(honest.isWaiting);
  const bits = Bitfield.full(torrent.metainfo.pieceCount).toBytes();
  for (let came = 0; came < 50; came += 1) {
    const peer = await given.join(torrent, `flap-${came}`);
    peer.send({ kind: "bitfield", bits }, { kind: "unchoke" });
    await peer.until(() => peer.count("request") > 0);
    const [block] = peer.requests;
    ok(block !== undefined);
    // Each leaves a block that is right, so that there is something of many a piece.
    const data = given.content({ ...block, infoHash: torrent.metainfo.infoHash, verify: false });
    peer.send({ kind: "piece", piece: block.piece, begin: block.begin, data });
    peer.send({ kind: "choke" }, { kind: "unchoke" }, { kind: "choke" }, { kind: "unchoke" });
    peer.socket.end();
    await peer.closed;
    ok(given.gauge("download_memory_bytes") <= memory.downloadBytes);
  }
  await until(() => given.gauge("peers") === 1);
  honest.unchoke();
  await mirrored.until(() => mirrored.there.isFull);
  equal(given.gauge("download_memory_bytes"), 0);
  equal(given.closed("peer-closed"), 50);
});

test("peers that take every place and send nothing make room for who waits", async () => {
  await using mirrored = await GivenMirror.start();
  const { given } = mirrored;
  const stalling = await Promise.all(
    Array.from({ length: DOWNLOAD_PEERS_MAX }, (_, at) =>
      mirrored.peer(`stall-${at}`, { asked() {} }),
    ),
  );
  const honest = await mirrored.peer("honest", {});
  await mirrored.mirror([...stalling, honest]);
  await mirrored.until(() => given.gauge("peers") === DOWNLOAD_PEERS_MAX);
  equal(honest.connections, 0);
  given.clock.advance(DOWNLOAD_USELESS_MS_MAX);
  const fromMs = given.clock.nowMs();
  await until(() => {
    given.clock.advance(STEP_MS);
    return mirrored.there.isFull;
  });
  const tookMs = given.clock.nowMs() - fromMs;
  ok(tookMs < 300_000, `${tookMs} ms`);
  equal(honest.connections, 1);
  ok(given.closed("makes-room") > 0);
});
