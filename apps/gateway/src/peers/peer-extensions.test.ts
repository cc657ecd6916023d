import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  decodeExtensionHandshake,
  decodeMetadataMessage,
  type ExtensionHandshake,
  encodeDontHaveMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  encodePexMessage,
  type MetadataMessage,
} from "@seedfleet/wire";
import { decodeAll } from "@seedfleet/wire/testing";
import fc from "fast-check";
import { type ExtensionOffer, PeerExtensions } from "./peer-extensions.ts";
import {
  EXTENSION_FAULTS_MAX,
  METADATA_REJECTS_MAX,
  METADATA_SERVINGS_MAX,
  PEX_BURST_MAX,
  PEX_INTERVAL_MS_MIN,
} from "./peer-limits.ts";

/** Two pieces of metadata. */
const INFO = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251);
const IDS = { handshake: 0, metadata: 1, pex: 2, dontHave: 3 } as const;
const PEER_IDS = { metadata: 11, pex: 12, dontHave: 13 };
const NOTHING = { kind: "nothing" };

const noPeers = encodePexMessage({ added: [], dropped: [] });

test("PeerExtensions.hello() says what we offer, and of a private torrent no PEX", () => {
  const offered = { metadata: 1, pex: 2, dontHave: 3 };
  deepEqual(greeting(given()), {
    ...{ messageIds: offered, metadataSizeBytes: 20_000, requestsQueuedMax: 99 },
    ...{ client: "Test 1", yourIp: "192.0.2.1", listenPort: 6_881, uploadOnly: true },
  });
  deepEqual(greeting(given({ isPrivate: true, yourIp: null, listenPort: null })), {
    ...{ messageIds: { ...offered, pex: null }, metadataSizeBytes: 20_000 },
    ...{ requestsQueuedMax: 99, client: "Test 1", yourIp: null, listenPort: null },
    uploadOnly: true,
  });
});

test("PeerExtensions given a later handshake takes what it says, and keeps the rest", () => {
  const peer = given();
  introduce(peer, { client: "Peer 2", listenPort: 7_000, messageIds: PEER_IDS });
  deepEqual([peer.client, peer.listenPort, peer.uploadOnly], ["Peer 2", 7_000, false]);
  introduce(peer, { uploadOnly: true, messageIds: { ...PEER_IDS, pex: 0, dontHave: null } });
  deepEqual([peer.client, peer.listenPort, peer.uploadOnly], ["Peer 2", 7_000, true]);
  equal(peer.takesPex, false);
  equal(peer.pexMessage(noPeers), null);
  ok(peer.dontHaveMessage(encodeDontHaveMessage(1)) !== null);
});

test("PeerExtensions speaks to the peer by the ids that it gave", () => {
  const peer = given();
  equal(peer.pexMessage(noPeers), null);
  equal(peer.dontHaveMessage(encodeDontHaveMessage(1)), null);
  introduce(peer, { messageIds: PEER_IDS });
  deepEqual(idOf(peer.pexMessage(noPeers)), 12);
  deepEqual(idOf(peer.dontHaveMessage(encodeDontHaveMessage(1))), 13);
  request(peer, 0);
  deepEqual(idOf(peer.takeMetadata(INFO)), 11);
});

test("PeerExtensions sends no PEX of a private torrent, whatever the peer says", () => {
  const peer = given({ isPrivate: true });
  introduce(peer, { messageIds: PEER_IDS });
  deepEqual([peer.takesPex, peer.pexMessage(noPeers)], [false, null]);
});

test("PeerExtensions gives metadata piece by piece, as it was asked for", () => {
  const peer = given();
  introduce(peer, { messageIds: PEER_IDS });
  for (const piece of [1, 0]) request(peer, piece);
  equal(peer.hasMetadataToSend, true);
  const totalSizeBytes = INFO.length;
  deepEqual(metadata(peer.takeMetadata(INFO)), {
    ...{ kind: "metadata-data", piece: 1, totalSizeBytes },
    data: INFO.subarray(16_384),
  });
  deepEqual(metadata(peer.takeMetadata(INFO)), {
    ...{ kind: "metadata-data", piece: 0, totalSizeBytes },
    data: INFO.subarray(0, 16_384),
  });
  deepEqual([peer.takeMetadata(INFO), peer.hasMetadataToSend], [null, false]);
});

test("PeerExtensions rejects a piece of metadata that there is not", () => {
  const peer = given();
  introduce(peer, { messageIds: PEER_IDS });
  for (const piece of [2, Number.MAX_SAFE_INTEGER]) {
    request(peer, piece);
    deepEqual(rejects(peer), [{ kind: "metadata-reject", piece }]);
  }
  equal(peer.hasMetadataToSend, false);
});

test("PeerExtensions gives all metadata to who asks for all at once", () => {
  const pieces = 2_000;
  const peer = given({ metadataSizeBytes: 16_384 * pieces });
  introduce(peer, { messageIds: PEER_IDS });
  for (let piece = 0; piece < pieces; piece += 1) request(peer, piece);
  deepEqual(rejects(peer), []);
  const info = Buffer.alloc(16_384 * pieces);
  for (let piece = 0; piece < pieces; piece += 1) ok(peer.takeMetadata(info) !== null);
  equal(peer.hasMetadataToSend, false);
});

test("PeerExtensions gives all metadata so often, then rejects, then ends it", () => {
  const peer = given();
  introduce(peer, { messageIds: PEER_IDS });
  const servings = 2 * METADATA_SERVINGS_MAX;
  for (let time = 0; time < servings; time += 1) {
    request(peer, 0);
    ok(peer.takeMetadata(INFO) !== null);
  }
  for (let time = 0; time < METADATA_REJECTS_MAX; time += 1) request(peer, 0);
  equal(rejects(peer).length, METADATA_REJECTS_MAX);
  const payload = encodeMetadataMessage({ kind: "metadata-request", piece: 0 });
  deepEqual(peer.receive(IDS.metadata, payload, 0), {
    kind: "violation",
    code: "metadata-flood",
  });
});

test("PeerExtensions passes over metadata that it did not ask for", () => {
  const peer = given();
  introduce(peer, { messageIds: PEER_IDS });
  const messages = [
    encodeMetadataMessage({ kind: "metadata-reject", piece: 0 }),
    encodeMetadataMessage({
      kind: "metadata-data",
      piece: 0,
      totalSizeBytes: 1,
      data: Buffer.of(1),
    }),
    Buffer.from("d8:msg_typei9ee"),
  ];
  for (const payload of messages) deepEqual(peer.receive(IDS.metadata, payload, 0), NOTHING);
  deepEqual([peer.takeOutgoing(), peer.hasMetadataToSend], [[], false]);
});

test("PeerExtensions lets a peer send PEX in a burst, then one an interval", () => {
  const peer = given();
  for (let time = 0; time < PEX_BURST_MAX; time += 1) {
    deepEqual(peer.receive(IDS.pex, noPeers, 0), NOTHING);
  }
  // What it earns meanwhile it may say, and no more than a burst however long it was silent.
  let nowMs = 0;
  for (let time = 0; time < 100; time += 1) {
    nowMs += PEX_INTERVAL_MS_MIN;
    deepEqual(peer.receive(IDS.pex, noPeers, nowMs), NOTHING);
  }
  nowMs += 1_000 * PEX_INTERVAL_MS_MIN;
  for (let time = 0; time < PEX_BURST_MAX; time += 1) {
    deepEqual(peer.receive(IDS.pex, noPeers, nowMs), NOTHING);
  }
  const flood = { kind: "violation", code: "pex-flood" };
  deepEqual(peer.receive(IDS.pex, noPeers, nowMs), flood);
});

test("PeerExtensions tells of a piece that the peer lost", () => {
  const lost = given().receive(IDS.dontHave, encodeDontHaveMessage(4_000_000_000), 0);
  deepEqual(lost, { kind: "piece-lost", piece: 4_000_000_000 });
});

const nonsense = [
  { id: IDS.handshake, code: "extension-handshake-invalid" },
  { id: IDS.metadata, code: "metadata-message-invalid" },
  { id: IDS.dontHave, code: "dont-have-message-invalid" },
] as const;

for (const { id, code } of nonsense) {
  test(`PeerExtensions forgives a peer some of ${code}, and then ends it`, () => {
    const peer = given();
    for (let time = 0; time < EXTENSION_FAULTS_MAX; time += 1) {
      deepEqual(peer.receive(id, Buffer.from("x"), 0), NOTHING);
    }
    const outcome = peer.receive(id, Buffer.from("x"), 0);
    equal(outcome.kind === "violation" && outcome.code, code);
  });
}

test("PeerExtensions passes over messages of ids that it did not give", () => {
  const peer = given();
  for (let time = 0; time < 100; time += 1) deepEqual(peer.receive(4, INFO, 0), NOTHING);
});

const anyPayload = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.constantFrom(
    encodeMetadataMessage({ kind: "metadata-request", piece: 0 }),
    encodeMetadataMessage({ kind: "metadata-request", piece: 1 }),
    noPeers,
    encodeDontHaveMessage(1),
    introduction({ messageIds: PEER_IDS }),
  ),
);
const anyMessage = fc.record({ id: fc.nat(5), payload: anyPayload, tookOne: fc.boolean() });

test("PeerExtensions never throws, and answers each metadata request once, on any bytes", () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 100 }), (messages) => {
      const peer = given();
      introduce(peer, { messageIds: PEER_IDS });
      let asked = 0;
      let answered = 0;
      for (const { id, payload, tookOne } of messages) {
        const isRequest = decodeMetadataMessage(payload).kind === "metadata-request";
        if (peer.receive(id, payload, 0).kind === "violation") return;
        if (id === IDS.metadata && isRequest) asked += 1;
        if (tookOne && peer.takeMetadata(INFO) !== null) answered += 1;
      }
      while (peer.takeMetadata(INFO) !== null) answered += 1;
      equal(answered + peer.takeOutgoing().length, asked);
    }),
  );
});

function given(differing: Partial<ExtensionOffer> = {}): PeerExtensions {
  const offer = {
    ...{ metadataSizeBytes: INFO.length, isPrivate: false, yourIp: "192.0.2.1" },
    ...{ listenPort: 6_881, client: "Test 1", requestsQueuedMax: 99, uploadOnly: true },
    peersFound: null,
  };
  return new PeerExtensions({ ...offer, ...differing }, 0);
}

function introduction(differing: Partial<ExtensionHandshake>): Uint8Array {
  return encodeExtensionHandshake({
    messageIds: { metadata: null, pex: null, dontHave: null },
    ...{ metadataSizeBytes: null, requestsQueuedMax: null, client: null },
    ...{ yourIp: null, listenPort: null, uploadOnly: null },
    ...differing,
  });
}

function introduce(peer: PeerExtensions, differing: Partial<ExtensionHandshake>): void {
  deepEqual(peer.receive(IDS.handshake, introduction(differing), 0), NOTHING);
}

function request(peer: PeerExtensions, piece: number): void {
  const payload = encodeMetadataMessage({ kind: "metadata-request", piece });
  deepEqual(peer.receive(IDS.metadata, payload, 0), NOTHING);
}

function rejects(peer: PeerExtensions): readonly MetadataMessage[] {
  return peer.takeOutgoing().map(metadata);
}

function metadata(message: Uint8Array | null): MetadataMessage {
  const decoded = decodeMetadataMessage(opened(message).payload);
  ok(decoded.kind !== "violation");
  return decoded;
}

function greeting(peer: PeerExtensions): ExtensionHandshake {
  const { extendedId, payload } = opened(peer.hello());
  equal(extendedId, IDS.handshake);
  const handshake = decodeExtensionHandshake(payload);
  ok(!("code" in handshake));
  return handshake;
}

function idOf(message: Uint8Array | null): number {
  return opened(message).extendedId;
}

function opened(message: Uint8Array | null) {
  ok(message !== null);
  const [decoded] = decodeAll([message], 100_000);
  ok(decoded?.kind === "extended");
  return decoded;
}
