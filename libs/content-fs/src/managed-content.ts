import assert from "node:assert/strict";
import { join } from "node:path";
import type { ManagedContent, ManagedShape } from "@seedfleet/content";
import type { ManagedPieces } from "./managed-pieces.ts";
import { readRanges } from "./managed-read.ts";
import { CONTENT_DIRECTORY } from "./managed-tree.ts";
import type { Turns } from "./managed-turns.ts";

export type ManagedContentParts = {
  readonly directory: string;
  readonly shape: ManagedShape;
  readonly pieces: ManagedPieces;
  readonly reading: Turns;
};

/** A torrent's files together with its pieces, which all who opened the torrent share. */
export function managedContent(parts: ManagedContentParts): ManagedContent {
  const { shape, pieces, reading } = parts;
  const { files, pieceCount } = shape;
  const directory = join(parts.directory, CONTENT_DIRECTORY);
  return {
    files,
    pieceCount,
    get recordFault() {
      return pieces.recordFault;
    },
    get havePieces() {
      return pieces.count;
    },
    has: (piece) => pieces.has(piece),
    bitfield: () => pieces.bitfield(),
    async writePiece(piece, spans) {
      assert(piece >= 0 && piece < pieceCount);
      const writes = spans.map(({ file: index, offsetBytes, bytes }) => {
        const file = files[index];
        assert(file !== undefined);
        assert(offsetBytes >= 0 && offsetBytes + bytes.length <= file.sizeBytes);
        return { file, offsetBytes, bytes };
      });
      await pieces.add(piece, writes);
    },
    async markAbsent(piece) {
      assert(piece >= 0 && piece < pieceCount);
      await pieces.remove(piece);
    },
    read: (ranges, into) => readRanges({ directory, files, turns: reading }, ranges, into),
  };
}
