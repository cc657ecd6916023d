import fc from "fast-check";
import type { ExtensionHandshake } from "./extension-handshake.ts";
import { HASH_BYTES, type PeerMessage, type WireViolation } from "./message.ts";
import { METADATA_PIECE_BYTES, type MetadataMessage } from "./metadata-message.ts";
import { PEX_PEERS_MAX, type PexMessage } from "./pex-message.ts";
import { WireDecoder } from "./wire-decoder.ts";

/** Text of a byte each character, so that a test can say what the bytes are. */
export function givenBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** As deep equality sees the records of our code, which have a prototype. */
const PLAIN = { noNullPrototype: true } as const;

const anyUint32 = fc.nat({ max: 0xffff_ffff });
const anyBlock = { piece: anyUint32, begin: anyUint32, length: anyUint32 };
const anyHashRange = {
  piecesRoot: fc.uint8Array({ minLength: HASH_BYTES, maxLength: HASH_BYTES }),
  baseLayer: anyUint32,
  index: anyUint32,
  length: anyUint32,
  proofLayers: anyUint32,
};
const anyHashes = fc
  .array(anyHashRange.piecesRoot, { maxLength: 4 })
  .map((hashes) => Uint8Array.from(hashes.flatMap((hash) => [...hash])));

/** Any message a peer may send that has a meaning of its own. */
export const anyMessage: fc.Arbitrary<Exclude<PeerMessage, { kind: "unknown" }>> = fc.oneof(
  fc.constantFrom(
    { kind: "keep-alive" } as const,
    { kind: "choke" } as const,
    { kind: "unchoke" } as const,
    { kind: "interested" } as const,
    { kind: "not-interested" } as const,
    { kind: "have-all" } as const,
    { kind: "have-none" } as const,
  ),
  fc.record({
    kind: fc.constantFrom("have" as const, "suggest-piece" as const, "allowed-fast" as const),
    piece: anyUint32,
  }),
  fc.record({ kind: fc.constant("bitfield" as const), bits: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({
    kind: fc.constantFrom("request" as const, "cancel" as const, "reject-request" as const),
    ...anyBlock,
  }),
  fc.record({
    kind: fc.constant("piece" as const),
    piece: anyUint32,
    begin: anyUint32,
    data: fc.uint8Array({ maxLength: 100 }),
  }),
  fc.record({ kind: fc.constant("port" as const), port: fc.nat(0xffff) }),
  fc.record({
    kind: fc.constant("extended" as const),
    extendedId: fc.nat(0xff),
    payload: fc.uint8Array({ maxLength: 60 }),
  }),
  fc.record({
    kind: fc.constantFrom("hash-request" as const, "hash-reject" as const),
    ...anyHashRange,
  }),
  fc.record({ kind: fc.constant("hashes" as const), hashes: anyHashes, ...anyHashRange }),
);

const anyId = fc.option(fc.nat(0xff));
const anyPort = fc.integer({ min: 1, max: 0xffff });
const anyHost = fc.oneof(
  fc.ipV4(),
  // Eight groups, as we write them; no IPv4-mapped address, which is written as IPv4.
  fc
    .array(fc.nat(0xffff), { minLength: 7, maxLength: 7 })
    .map((groups) => [0x2001, ...groups].map((group) => group.toString(16)).join(":")),
);

/** Any extension handshake that comes back as it was encoded. */
export const anyExtensionHandshake: fc.Arbitrary<ExtensionHandshake> = fc.record(
  {
    messageIds: fc.record({ metadata: anyId, pex: anyId, dontHave: anyId }, PLAIN),
    metadataSizeBytes: fc.option(fc.integer({ min: 1 })),
    requestsQueuedMax: fc.option(fc.integer({ min: 1 })),
    client: fc.option(
      fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => text.length <= 64),
    ),
    yourIp: fc.option(anyHost),
    listenPort: fc.option(anyPort),
    uploadOnly: fc.option(fc.boolean()),
  },
  PLAIN,
);

const anyPiece = fc.nat(0xff_ffff);

/** Any message of `ut_metadata` that we send. */
export const anyMetadataMessage: fc.Arbitrary<
  Exclude<MetadataMessage, { readonly kind: "metadata-unknown" }>
> = fc.oneof(
  fc.record(
    {
      kind: fc.constantFrom("metadata-request" as const, "metadata-reject" as const),
      piece: anyPiece,
    },
    PLAIN,
  ),
  fc
    .record({ piece: anyPiece, length: fc.integer({ min: 1, max: METADATA_PIECE_BYTES }) })
    .map(({ piece, length }) => ({
      kind: "metadata-data" as const,
      piece,
      totalSizeBytes: piece * METADATA_PIECE_BYTES + length,
      data: new Uint8Array(length).fill(length),
    })),
);

const anyAddress = { host: anyHost, port: anyPort };
const anyFlags = fc.record(
  {
    prefersEncryption: fc.boolean(),
    uploadOnly: fc.boolean(),
    supportsUtp: fc.boolean(),
    supportsHolepunch: fc.boolean(),
    reachable: fc.boolean(),
  },
  PLAIN,
);

/** Any message of `ut_pex`. */
export const anyPexMessage: fc.Arbitrary<PexMessage> = fc.record(
  {
    added: fc.array(fc.record({ ...anyAddress, flags: anyFlags }, PLAIN), {
      maxLength: PEX_PEERS_MAX,
    }),
    dropped: fc.array(fc.record(anyAddress, PLAIN), { maxLength: PEX_PEERS_MAX }),
  },
  PLAIN,
);

/** Everything a decoder makes of these reads, up to and with the first violation. */
export function decodeAll(
  reads: readonly Uint8Array[],
  lengthMax = 1_000,
): (PeerMessage | WireViolation)[] {
  const decoder = new WireDecoder({ lengthMax });
  const decoded: (PeerMessage | WireViolation)[] = [];
  for (const read of reads) {
    decoder.push(read);
    for (let next = decoder.next(); next !== null; next = decoder.next()) {
      decoded.push(next);
      if (next.kind === "violation") return decoded;
    }
  }
  return decoded;
}

/** The same bytes, cut at the given places. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
