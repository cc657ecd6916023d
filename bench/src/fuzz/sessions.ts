import { infoHashBytes } from "@seedfleet/bytes";
import type { Metainfo } from "@seedfleet/metainfo";
import type { Rng } from "@seedfleet/runtime";
import {
  BLOCK_BYTES,
  type Block,
  encodeDontHaveMessage,
  encodeExtensionHandshake,
  encodeMessage,
  encodeMetadataMessage,
  encodePexMessage,
  reservedBytes,
} from "@seedfleet/wire";
import { chance, pick, randomBytesOf } from "./mutate.ts";

type Say = (metainfo: Metainfo, rng: Rng) => Uint8Array;

/** What clients say in sessions that are right, message by message. */
const SAYINGS: Readonly<Record<string, Say>> = {
  interested: () => encodeMessage({ kind: "interested" }),
  "not-interested": () => encodeMessage({ kind: "not-interested" }),
  "keep-alive": () => encodeMessage({ kind: "keep-alive" }),
  have: ({ pieceCount }, rng) => encodeMessage({ kind: "have", piece: rng.below(pieceCount) }),
  "have-none": () => encodeMessage({ kind: "have-none" }),
  bitfield: ({ pieceCount }) =>
    encodeMessage({ kind: "bitfield", bits: new Uint8Array(Math.ceil(pieceCount / 8)) }),
  requests: (metainfo, rng) =>
    Buffer.concat(
      Array.from({ length: 1 + rng.below(40) }, () =>
        encodeMessage({ kind: "request", ...anyBlock(metainfo, rng) }),
      ),
    ),
  cancel: (metainfo, rng) => encodeMessage({ kind: "cancel", ...anyBlock(metainfo, rng) }),
  port: () => encodeMessage({ kind: "port", port: 6_881 }),
  suggest: () => encodeMessage({ kind: "suggest-piece", piece: 0 }),
  reject: (metainfo, rng) => encodeMessage({ kind: "reject-request", ...anyBlock(metainfo, rng) }),
  extensions: (_, rng) =>
    extended(
      0,
      encodeExtensionHandshake({
        messageIds: { metadata: rng.below(256), pex: rng.below(256), dontHave: rng.below(256) },
        ...{ metadataSizeBytes: 1_000, requestsQueuedMax: 250, client: "Client 1.0" },
        ...{ yourIp: "127.0.0.1", listenPort: 1 + rng.below(65_535), uploadOnly: false },
      }),
    ),
  metadata: (_, rng) =>
    extended(1, encodeMetadataMessage({ kind: "metadata-request", piece: rng.below(3) })),
  pex: () =>
    extended(2, encodePexMessage({ added: [], dropped: [{ host: "192.0.2.1", port: 6_881 }] })),
  "dont-have": (_, rng) => extended(3, encodeDontHaveMessage(rng.below(0xffff_ffff))),
  "hash-request": (metainfo, rng) =>
    encodeMessage({
      kind: "hash-request",
      piecesRoot: metainfo.files[0]?.piecesRoot ?? new Uint8Array(32),
      baseLayer: rng.below(5),
      index: 2 * rng.below(16),
      length: pick([1, 2, 4, 8, 512], rng),
      proofLayers: rng.below(6),
    }),
};

const NAMES = Object.keys(SAYINGS);
const SAYINGS_MAX = 30;

/** The handshake of a client that speaks some extensions, of this torrent or of another. */
export function anyHandshake(metainfo: Metainfo, rng: Rng): Uint8Array {
  const bit = (): boolean => chance(rng, 70);
  // Who does not agree on the fast extension is soon closed, for what it says of it behind.
  const fast = chance(rng, 95);
  const reserved = reservedBytes({ fast, extended: bit(), v2: bit(), dht: bit() });
  const isOurs = chance(rng, 95);
  return Buffer.concat([
    Buffer.from("\x13BitTorrent protocol", "latin1"),
    reserved,
    isOurs ? infoHashBytes(metainfo.infoHash) : randomBytesOf(rng, 20),
    Buffer.from("-SFFUZZ-"),
    randomBytesOf(rng, 12),
  ]);
}

/** What a client may say behind its handshake: messages that are right, in any order. */
export function anySayings(metainfo: Metainfo, rng: Rng): Uint8Array {
  const count = 1 + rng.below(SAYINGS_MAX);
  const said = Array.from({ length: count }, () => SAYINGS[pick(NAMES, rng)]?.(metainfo, rng));
  return Buffer.concat(said.map((bytes) => bytes ?? Buffer.of()));
}

function anyBlock({ pieceCount, pieceLengthBytes }: Metainfo, rng: Rng): Block {
  const blocks = Math.max(1, Math.floor(pieceLengthBytes / BLOCK_BYTES));
  // The last piece may be shorter: that is for a mutation to find.
  const piece = rng.below(Math.max(1, pieceCount - 1));
  return {
    piece,
    begin: rng.below(blocks) * BLOCK_BYTES,
    length: pick([BLOCK_BYTES, 1, 100], rng),
  };
}

function extended(extendedId: number, payload: Uint8Array): Uint8Array {
  return encodeMessage({ kind: "extended", extendedId, payload });
}
