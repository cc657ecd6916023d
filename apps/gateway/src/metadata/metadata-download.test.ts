import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash, hash } from "node:crypto";
import { test } from "node:test";
import { infoHashFromBytes, parseInfoHashV2, truncatedInfoHash } from "@seedfleet/bytes";
import { METADATA_PIECE_BYTES } from "@seedfleet/wire";
import fc from "fast-check";
import { ANSWER_TIMEOUT_MS, ASKED_IN_VAIN_MAX, ASKED_OF_PEER_MAX } from "./askable-peers.ts";
import {
  INFO_BYTES_MAX,
  METADATA_HELD_BYTES_MAX,
  MetadataDownload,
  type MetadataNames,
} from "./metadata-download.ts";
import type { PeerFault } from "./peer-fault.ts";

const INFO = bytesOf("info", 5 * METADATA_PIECE_BYTES + 100);

test("MetadataDownload asks each peer for different pieces, and a few at a time", () => {
  const download = new MetadataDownload(namesOf(INFO));
  download.join(1, INFO.length);
  download.join(2, INFO.length);
  const asks = download.asks(0);
  deepEqual(asks.map(({ piece }) => piece).sort(), [0, 1, 2, 3, 4, 5]);
  ok([1, 2].every((peer) => asks.filter((ask) => ask.peer === peer).length === 3));
  deepEqual(download.asks(0), []);

  const alone = new MetadataDownload(namesOf(INFO));
  alone.join(1, INFO.length);
  equal(alone.asks(0).length, ASKED_OF_PEER_MAX);
});

const namings: readonly { readonly given: string; readonly names: MetadataNames }[] = [
  { given: "its v1 hash", names: { ...namesOf(INFO), infoHashV2: null } },
  { given: "its v2 hash", names: { ...namesOf(INFO), infoHash: nameV2(INFO) } },
  { given: "both", names: namesOf(INFO) },
];

for (const { given: known, names } of namings) {
  test(`MetadataDownload given ${known} takes what has it`, () => {
    const download = new MetadataDownload(names);
    download.join(1, INFO.length);
    answerAll(download, new Map([[1, INFO]]), 0);
    deepEqual(Buffer.from(download.info ?? []), INFO);
    deepEqual(download.takeFaults(), []);
  });
}

test("MetadataDownload given both hashes takes nothing that has only one", () => {
  const other = bytesOf("other", INFO.length);
  for (const half of [{ infoHashV2: namesOf(other).infoHashV2 }, namesOf(other).infoHash]) {
    const differing = typeof half === "string" ? { infoHash: half } : half;
    const download = new MetadataDownload({ ...namesOf(INFO), ...differing });
    download.join(1, INFO.length);
    answerAll(download, new Map([[1, INFO]]), 0);
    equal(download.info, null);
    deepEqual(download.takeFaults(), [{ peer: 1, code: "corrupt" }]);
  }
});

test("MetadataDownload gives what is rejected or let wait to another", () => {
  const download = new MetadataDownload(namesOf(INFO));
  download.join(1, INFO.length);
  const asked = download.asks(0);
  ok(download.reject(1, asked[0]?.piece ?? -1, 0));
  equal(download.reject(1, asked[0]?.piece ?? -1, 0), false);
  deepEqual(download.asks(0), []);
  download.join(2, INFO.length);
  ok(download.asks(0).some(({ piece }) => piece === asked[0]?.piece));
  download.expire(ANSWER_TIMEOUT_MS);
  download.join(3, INFO.length);
  ok(download.asks(ANSWER_TIMEOUT_MS).every(({ peer }) => peer === 3));
});

test("MetadataDownload lets a peer go that only rejects, and does not call it corrupt", () => {
  const download = new MetadataDownload(namesOf(INFO));
  download.join(1, INFO.length);
  let rejects = 0;
  let faults: readonly PeerFault[] = [];
  for (let nowMs = 0; faults.length === 0; nowMs += 1_000) {
    for (const { peer, piece } of download.asks(nowMs)) download.reject(peer, piece, nowMs);
    rejects += 1;
    faults = download.takeFaults();
  }
  deepEqual(faults, [{ peer: 1, code: "unhelpful" }]);
  ok(rejects >= ASKED_IN_VAIN_MAX && rejects < 60);
});

const sizes = [
  { given: "more than an info dictionary may have", sizeBytes: INFO_BYTES_MAX + 1 },
  { given: "2 GB", sizeBytes: 2 ** 31 },
  { given: "nothing", sizeBytes: 0 },
];

for (const { given, sizeBytes } of sizes) {
  test(`MetadataDownload given a claim of ${given} asks for none of it`, () => {
    const download = new MetadataDownload(namesOf(INFO));
    download.join(1, sizeBytes);
    deepEqual(download.takeFaults(), [{ peer: 1, code: "size-out-of-range" }]);
    deepEqual(download.asks(0), []);
  });
}

test("MetadataDownload given a peer that changes its mind about the size lets it go", () => {
  const download = new MetadataDownload(namesOf(INFO));
  download.join(1, INFO.length);
  download.join(1, INFO.length);
  deepEqual(download.takeFaults(), []);
  download.join(1, INFO.length + 1);
  deepEqual(download.takeFaults(), [{ peer: 1, code: "size-changed" }]);

  download.join(2, INFO.length);
  const [ask] = download.asks(0);
  ok(ask !== undefined);
  const data = new Uint8Array(METADATA_PIECE_BYTES);
  ok(download.receive(2, { piece: ask.piece, totalSizeBytes: INFO.length + 1, data }));
  deepEqual(download.takeFaults(), [{ peer: 2, code: "size-changed" }]);
});

test("MetadataDownload finds out who of several lied", () => {
  const download = new MetadataDownload(namesOf(INFO));
  const lie = Buffer.from(INFO).fill(0, 3 * METADATA_PIECE_BYTES, 4 * METADATA_PIECE_BYTES);
  for (const peer of [1, 2, 3]) download.join(peer, INFO.length);
  const asked = download.asks(0);
  const liar = asked.find(({ piece }) => piece === 3)?.peer ?? 0;
  const has = new Map([1, 2, 3].map((peer) => [peer, peer === liar ? lie : INFO]));
  for (const { peer, piece } of asked) give(download, has.get(peer) ?? INFO, { peer, piece });
  equal(download.info, null);
  deepEqual(download.takeFaults(), []);

  // From now on each is asked for all of it; the liar is known once the right bytes are there.
  has.delete(liar);
  answerAll(download, has, 0);
  deepEqual(Buffer.from(download.info ?? []), INFO);
  deepEqual(download.takeFaults(), [{ peer: liar, code: "corrupt" }]);
});

test("MetadataDownload holds no more than its bound, and the smallest claim goes on", () => {
  const download = new MetadataDownload(namesOf(INFO));
  for (const peer of [1, 2, 3, 4]) download.join(peer, INFO_BYTES_MAX - peer * 1_000);
  const zeros = new Uint8Array(METADATA_PIECE_BYTES);
  for (let asks = download.asks(0); asks.length > 0; asks = download.asks(0)) {
    for (const { peer, piece } of asks) {
      const totalSizeBytes = INFO_BYTES_MAX - peer * 1_000;
      const data = zeros.subarray(0, totalSizeBytes - piece * METADATA_PIECE_BYTES);
      download.receive(peer, { piece, totalSizeBytes, data });
    }
    ok(download.heldBytes <= METADATA_HELD_BYTES_MAX);
    // By then one of the four lies of 32 MiB would be whole.
    if (download.heldBytes === METADATA_HELD_BYTES_MAX) break;
  }
  download.join(5, INFO.length);
  answerAll(download, new Map([[5, INFO]]), 0);
  deepEqual(Buffer.from(download.info ?? []), INFO);
});

type Kind = "honest" | "liar" | "silent" | "rejects" | "other-size" | "leaves";

const anyKinds = fc.array(
  fc.constantFrom<Kind>("honest", "liar", "silent", "rejects", "other-size", "leaves"),
  { maxLength: 8 },
);

test("MetadataDownload gets it from whoever is honest, and blames nobody else", () => {
  fc.assert(
    fc.property(anyKinds, fc.nat(20), fc.infiniteStream(fc.nat(1_000)), (others, at, dice) => {
      const kinds = others.toSpliced(at % (others.length + 1), 0, "honest");
      const download = new MetadataDownload(namesOf(INFO));
      const lies = new Map(kinds.map((_, peer) => [peer, bytesOf(`lie ${peer}`, INFO.length)]));
      const longer = bytesOf("longer", INFO.length + 9);
      const gone = new Set<number>();
      for (const [peer, kind] of kinds.entries()) {
        download.join(peer, kind === "other-size" ? longer.length : INFO.length);
      }
      for (let nowMs = 0; download.info === null; nowMs += 1_000) {
        ok(nowMs < 600_000, "never got it");
        download.expire(nowMs);
        for (const ask of download.asks(nowMs)) {
          const kind = kinds[ask.peer];
          const bytes = { honest: INFO, liar: lies.get(ask.peer), "other-size": longer };
          if (kind === "rejects") download.reject(ask.peer, ask.piece, nowMs);
          else if (kind === "leaves") download.leave(ask.peer);
          else if (kind === "silent" || kind === undefined) continue;
          // A liar tells the truth now and then, to be the harder to find.
          else if (kind === "liar" && (dice.next().value ?? 0) < 500) give(download, INFO, ask);
          else give(download, bytes[kind] ?? INFO, ask);
        }
        for (const { peer, code } of download.takeFaults()) {
          gone.add(peer);
          const kind = kinds[peer];
          ok(kind !== "honest", `blamed an honest peer: ${code}`);
          ok(code !== "corrupt" || kind === "liar" || kind === "other-size");
        }
      }
      deepEqual(Buffer.from(download.info), INFO);
    }),
    { numRuns: 200 },
  );
});

test("MetadataDownload takes nothing that it did not ask for", () => {
  fc.assert(
    fc.property(
      fc.nat(3),
      fc.integer(),
      fc.nat(30_000),
      fc.boolean(),
      (peer, piece, length, is) => {
        const download = new MetadataDownload(namesOf(INFO));
        if (is) download.join(peer, INFO.length);
        const data = new Uint8Array(length);
        equal(download.receive(peer, { piece, totalSizeBytes: INFO.length, data }), false);
        equal(download.reject(peer, piece, 0), false);
        deepEqual(download.takeFaults(), []);
      },
    ),
  );
});

function bytesOf(seed: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(seed).digest();
}

function namesOf(info: Uint8Array): MetadataNames {
  return {
    infoHash: infoHashFromBytes(hash("sha1", info, "buffer")),
    infoHashV2: parseInfoHashV2(hash("sha256", info)),
  };
}

function nameV2(info: Uint8Array): MetadataNames["infoHash"] {
  const { infoHashV2 } = namesOf(info);
  ok(infoHashV2 !== null);
  return truncatedInfoHash(infoHashV2);
}

function give(
  download: MetadataDownload,
  bytes: Uint8Array,
  { peer, piece }: { readonly peer: number; readonly piece: number },
): void {
  const at = piece * METADATA_PIECE_BYTES;
  const data = bytes.subarray(at, at + METADATA_PIECE_BYTES);
  download.receive(peer, { piece, totalSizeBytes: bytes.length, data });
}

/** Each of these peers gives what it has; the others are silent. */
function answerAll(
  download: MetadataDownload,
  has: ReadonlyMap<number, Uint8Array>,
  nowMs: number,
): void {
  for (let asks = download.asks(nowMs); asks.length > 0; asks = download.asks(nowMs)) {
    for (const ask of asks) {
      const bytes = has.get(ask.peer);
      if (bytes !== undefined) give(download, bytes, ask);
    }
  }
}
