import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Content, ContentListing } from "@seedfleet/content";
import type { TorrentVersion } from "@seedfleet/metainfo";
import type { HashLayout, HashLayoutFile, HashPlan, PieceDigests } from "./hash-plan.ts";

const BLOCK_BYTES = 16_384;

export type GivenFile = { readonly path: string; readonly bytes: Uint8Array };

/** Sizes around every place where something ends, for pieces of 64 KiB. */
export const AWKWARD_SIZES: readonly number[] = [
  0, 1, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537, 0, 131_072, 200_001, 327_680, 7,
];

/** Where files go: in v2 and hybrids each begins with a piece, and the last is filled up too. */
export function givenLayout(
  sizes: readonly number[],
  { version, pieceLengthBytes }: Pick<HashPlan, "version" | "pieceLengthBytes">,
): HashLayout {
  const files: HashLayoutFile[] = [];
  let offsetBytes = 0;
  for (const [contentFile, lengthBytes] of sizes.entries()) {
    files.push({ lengthBytes, offsetBytes, padding: false, contentFile });
    offsetBytes += lengthBytes;
    const beyond = offsetBytes % pieceLengthBytes;
    if (version === "v1" || beyond === 0) continue;
    const padding = pieceLengthBytes - beyond;
    files.push({ lengthBytes: padding, offsetBytes, padding: true, contentFile: null });
    offsetBytes += padding;
  }
  return { files, sizeBytes: offsetBytes };
}

/** Content in memory, as one that no thread can read by itself. */
export function memoryContent(files: readonly Uint8Array[]): Content {
  const listing: ContentListing = {
    path: "memory:",
    name: "memory",
    single: false,
    files: files.map(({ length: sizeBytes }, index) => {
      return { path: [`${index}`], sizeBytes, modified: "", identity: "" };
    }),
    sizeBytes: files.reduce((sum, { length }) => sum + length, 0),
    skipped: [],
  };
  return {
    listing,
    async read(ranges, into) {
      let at = 0;
      for (const { file, offsetBytes, lengthBytes } of ranges) {
        const bytes = files[file]?.subarray(offsetBytes, offsetBytes + lengthBytes);
        assert.equal(bytes?.length, lengthBytes);
        into.set(bytes, at);
        at += lengthBytes;
      }
      assert.equal(at, into.length);
    },
  };
}

export type Naive = {
  readonly files: readonly Uint8Array[];
  readonly layout: HashLayout;
  readonly version: TorrentVersion;
  readonly pieceLengthBytes: number;
};

/** The digests by the letter of BEP 3 and BEP 52: all bytes in memory, piece after piece. */
export function naiveDigests({ files, layout, version, pieceLengthBytes }: Naive): PieceDigests {
  const contents = layout.files.map(({ contentFile, lengthBytes }) =>
    contentFile === null ? Buffer.alloc(lengthBytes) : Buffer.from(files[contentFile] ?? []),
  );
  return {
    pieceHashes: version === "v2" ? null : naiveHashes(Buffer.concat(contents), pieceLengthBytes),
    pieceRoots:
      version === "v1"
        ? null
        : Buffer.concat(
            layout.files.flatMap(({ padding }, index) =>
              padding ? [] : naiveRoots(contents[index] ?? Buffer.alloc(0), pieceLengthBytes),
            ),
          ),
  };
}

function naiveHashes(whole: Buffer, pieceLengthBytes: number): Buffer {
  const hashes: Buffer[] = [];
  for (let at = 0; at < whole.length; at += pieceLengthBytes) {
    hashes.push(digest("sha1", whole.subarray(at, at + pieceLengthBytes)));
  }
  return Buffer.concat(hashes);
}

function naiveRoots(file: Buffer, pieceLengthBytes: number): Buffer[] {
  const roots: Buffer[] = [];
  for (let at = 0; at < file.length; at += pieceLengthBytes) {
    const piece = file.subarray(at, at + pieceLengthBytes);
    const leaves: Buffer[] = [];
    for (let block = 0; block < piece.length; block += BLOCK_BYTES) {
      leaves.push(digest("sha256", piece.subarray(block, block + BLOCK_BYTES)));
    }
    const isOnePiece = file.length <= pieceLengthBytes;
    const width = isOnePiece ? powerOfTwoFrom(leaves.length) : pieceLengthBytes / BLOCK_BYTES;
    roots.push(naiveRoot(leaves, width));
  }
  return roots;
}

/** The root of a tree as wide as that, in which absent leaves are zeros. */
export function naiveRoot(leaves: readonly Buffer[], width: number): Buffer {
  let row = Array.from({ length: width }, (_, leaf) => leaves[leaf] ?? Buffer.alloc(32));
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, pair) =>
      digest("sha256", Buffer.concat(row.slice(2 * pair, 2 * pair + 2))),
    );
  }
  return row[0] ?? Buffer.alloc(32);
}

function powerOfTwoFrom(count: number): number {
  return count <= 1 ? 1 : 2 * powerOfTwoFrom(Math.ceil(count / 2));
}

function digest(algorithm: "sha1" | "sha256", bytes: Uint8Array): Buffer {
  return createHash(algorithm).update(bytes).digest();
}

/** Whether both have the same bytes, as deepEqual of a Buffer and a Uint8Array has not. */
export function hexOf({ pieceHashes, pieceRoots }: PieceDigests): Record<string, string | null> {
  return {
    pieceHashes: pieceHashes?.toHex() ?? null,
    pieceRoots: pieceRoots?.toHex() ?? null,
  };
}
