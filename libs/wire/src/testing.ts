import fc from "fast-check";
import { HASH_BYTES, type PeerMessage, type WireViolation } from "./message.ts";
import { WireDecoder } from "./wire-decoder.ts";

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
