import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { PeerState, SnapshotPeer } from "@seedfleet/swarm";
import fc from "fast-check";
import { readSnapshotChunk, SnapshotWriter } from "./snapshot-chunk.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const anyPeer = fc.record({
  ageMs: fc.integer({ min: 0, max: 2 ** 24 - 1 }).map((seconds) => seconds * 1_000),
  state: fc.constantFrom<PeerState>("leecher", "seed", "partial-seed"),
  endpoint: bytes(18),
  endpointBytes: fc.constantFrom<6 | 18>(6, 18),
  peerId: bytes(20),
  peerIdKnown: fc.boolean(),
});

const anySwarm = fc.record({
  infoHash: bytes(20),
  downloaded: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  peers: fc.array(anyPeer, { maxLength: 12 }),
});

test("readSnapshotChunk() gives what SnapshotWriter was given, however it was cut", () => {
  fc.assert(
    fc.property(fc.array(anySwarm, { maxLength: 8 }), (swarms) => {
      const told = new Map<string, { downloaded: number; peers: object[] }>();
      const expected = new Map<string, { downloaded: number; peers: object[] }>();
      for (const { infoHash, downloaded, peers } of swarms) {
        if (downloaded === 0 && peers.length === 0) continue;
        expected.set(infoHash.toHex(), { downloaded, peers: peers.map(shown) });
      }
      let current = "";
      for (const chunk of chunksOf(swarms)) {
        ok(chunk.length <= 256);
        const whole = readSnapshotChunk(chunk, {
          origin: () => {},
          swarm(infoHash, downloaded) {
            current = infoHash.toHex();
            const known = told.get(current);
            told.set(current, { downloaded, peers: known?.peers ?? [] });
          },
          peer: (peer) => void told.get(current)?.peers.push(shown(peer)),
        });
        ok(whole);
      }
      deepEqual(told, expected);
    }),
  );
});

test("readSnapshotChunk() never throws, and tells of a chunk that is cut", () => {
  const visitor = { origin: () => {}, swarm: () => {}, peer: () => {} };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (noise) => {
      readSnapshotChunk(noise, visitor);
      readSnapshotChunk(Uint8Array.of(1, ...noise), visitor);
    }),
  );
  const writer = new SnapshotWriter({ bytesMax: 256 });
  writer.origin("0102030405060708", 9);
  const origins: unknown[] = [];
  const chunk = writer.take();
  equal(readSnapshotChunk(chunk.subarray(0, -1), visitor), false);
  ok(readSnapshotChunk(chunk, { ...visitor, origin: (...origin) => origins.push(origin) }));
  deepEqual(origins, [["0102030405060708", 9]]);
});

type GivenSwarm = typeof anySwarm extends fc.Arbitrary<infer Swarm> ? Swarm : never;

function* chunksOf(swarms: readonly GivenSwarm[]): Generator<Uint8Array> {
  const writer = new SnapshotWriter({ bytesMax: 256 });
  for (const { infoHash, downloaded, peers } of swarms) {
    if (writer.full) yield writer.take();
    writer.swarm(infoHash, downloaded);
    for (const peer of peers) {
      if (writer.full) yield writer.take();
      writer.peer(peer);
    }
  }
  if (!writer.empty) yield writer.take();
}

function shown(peer: SnapshotPeer): object {
  const { ageMs, state, endpoint, endpointBytes, peerId, peerIdKnown } = peer;
  return {
    ...{ ageMs, state, peerId: peerIdKnown ? peerId.toHex() : null },
    endpoint: endpoint.subarray(0, endpointBytes).toHex(),
  };
}
