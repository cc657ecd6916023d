import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AnnounceEvent, AnnounceRequest } from "../announces/announce-request.ts";
import {
  DeltaWriter,
  readDeltaHeader,
  readDeltas,
  setBatchAge,
  stampBatch,
} from "./delta-batch.ts";

const ORIGIN = "0102030405060708";

const anyAnnounce = fc.record({
  infoHash: bytes(20),
  peerId: bytes(20),
  ipv6: fc.boolean(),
  endpoint: bytes(18),
  seed: fc.boolean(),
  keepsPeerId: fc.boolean(),
  event: fc.constantFrom<AnnounceEvent | null>("completed", "stopped", "paused", null),
  uploadedBytes: fc.maxSafeNat(),
  downloadedBytes: fc.maxSafeNat(),
});

test("readDeltas() gives what DeltaWriter was given", () => {
  fc.assert(
    fc.property(
      fc.array(anyAnnounce, { maxLength: 40 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (announces, withAmounts, sequence) => {
        const writer = new DeltaWriter({ bytesMax: 8_192, withAmounts });
        for (const announce of announces) writer.add(givenRequest(announce));
        const batch = writer.take();
        stampBatch(batch, ORIGIN, sequence);
        const count = announces.length;
        deepEqual(readDeltaHeader(batch), { origin: ORIGIN, sequence, ageMs: 0, count });
        const read: object[] = [];
        ok(readDeltas(batch, (request) => read.push(told(request, withAmounts))));
        deepEqual(
          read,
          announces.map((announce) => told(givenRequest(announce), withAmounts)),
        );
        equal(writer.count, 0);
      },
    ),
  );
});

test("readDeltas() never throws, and takes no batch that is cut or longer", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      readDeltas(noise, () => {});
    }),
  );
  const writer = new DeltaWriter({ bytesMax: 1_024, withAmounts: false });
  writer.add(new AnnounceRequest());
  const batch = writer.take();
  for (let length = 0; length < batch.length; length += 1) {
    equal(
      readDeltas(batch.subarray(0, length), () => {}),
      false,
    );
  }
  equal(
    readDeltas(Uint8Array.of(...batch, 0), () => {}),
    false,
  );
  batch[0] = 1;
  equal(readDeltaHeader(batch), null);
});

test("DeltaWriter is full before an announce finds no room", () => {
  const writer = new DeltaWriter({ bytesMax: 512, withAmounts: true });
  const request = Object.assign(new AnnounceRequest(), { endpointBytes: 18 });
  while (!writer.full) writer.add(request);
  equal(writer.count, 5);
});

test("DeltaWriter tells of both addresses of a peer, and of its download once", () => {
  const writer = new DeltaWriter({ bytesMax: 512, withAmounts: false });
  const request = Object.assign(new AnnounceRequest(), { event: "completed", leftBytes: 0 });
  writer.add(Object.assign(request, { otherEndpointBytes: 18 }));
  const read: unknown[] = [];
  readDeltas(writer.take(), ({ endpointBytes, event }) => read.push([endpointBytes, event]));
  deepEqual(read, [
    [6, "completed"],
    [18, null],
  ]);
});

test("setBatchAge() tells how old a batch is that is sent again", () => {
  const batch = new DeltaWriter({ bytesMax: 512, withAmounts: false }).take();
  setBatchAge(batch, 30_000.4);
  equal(readDeltaHeader(batch)?.ageMs, 30_000);
  setBatchAge(batch, 1e12);
  equal(readDeltaHeader(batch)?.ageMs, 2 ** 32 - 1);
});

type GivenAnnounce = typeof anyAnnounce extends fc.Arbitrary<infer Announce> ? Announce : never;

function givenRequest(announce: GivenAnnounce): AnnounceRequest {
  const request = new AnnounceRequest();
  request.infoHash.set(announce.infoHash);
  request.peerId.set(announce.peerId);
  request.endpoint.set(announce.endpoint);
  request.endpointBytes = announce.ipv6 ? 18 : 6;
  request.leftBytes = announce.seed ? 0 : 5;
  const { event, keepsPeerId, uploadedBytes, downloadedBytes } = announce;
  return Object.assign(request, { event, keepsPeerId, uploadedBytes, downloadedBytes });
}

function told(request: AnnounceRequest, withAmounts: boolean): object {
  const { infoHash, peerId, keepsPeerId, endpoint, endpointBytes, leftBytes, event } = request;
  const { uploadedBytes, downloadedBytes } = request;
  return {
    infoHash: infoHash.toHex(),
    keepsPeerId,
    peerId: keepsPeerId || withAmounts ? peerId.toHex() : "",
    endpoint: endpoint.subarray(0, endpointBytes).toHex(),
    seed: leftBytes === 0,
    event,
    ...(withAmounts ? { uploadedBytes, downloadedBytes } : {}),
  };
}

function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}
