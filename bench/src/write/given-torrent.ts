import { createHash, randomBytes } from "node:crypto";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import { BenchError } from "../bench-error.ts";

/** More than any cache of a processor holds: what is offered comes from memory, as from a peer. */
const DISTINCT_BYTES: number = 128 * 1024 * 1024;

export type GivenTorrent = {
  readonly infoHash: InfoHash;
  readonly metainfo: Uint8Array;
  readonly pieceCount: number;
  /** The bytes of a piece, which are all alike, but lie in different places. */
  pieceAt(piece: number): Uint8Array;
};

/** A v1 torrent of one file. `name` makes it another torrent. */
export function givenTorrent(
  name: string,
  {
    sizeBytes,
    pieceLengthBytes,
  }: { readonly sizeBytes: number; readonly pieceLengthBytes: number },
): GivenTorrent {
  const pieceCount = sizeBytes / pieceLengthBytes;
  const piece = randomBytes(pieceLengthBytes);
  const hash = createHash("sha1").update(piece).digest();
  const head = `d6:lengthi${sizeBytes}e4:name${name.length}:${name}12:piece lengthi`;
  const info = Buffer.concat([
    Buffer.from(`${head}${pieceLengthBytes}e6:pieces${pieceCount * hash.length}:`),
    ...Array.from({ length: pieceCount }, () => hash),
    Buffer.from("e"),
  ]);
  const infoHash = parseInfoHash(createHash("sha1").update(info).digest("hex"));
  if (infoHash === null) throw new BenchError("there is no info hash");
  const copies = Array.from({ length: DISTINCT_BYTES / pieceLengthBytes }, () =>
    Uint8Array.from(piece),
  );
  return {
    infoHash,
    metainfo: Buffer.concat([Buffer.from("d4:info"), info, Buffer.from("e")]),
    pieceCount,
    pieceAt: (index) => copies[index % copies.length] ?? piece,
  };
}
