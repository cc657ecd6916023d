import { deepEqual, equal, ok } from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { fileSpans } from "./file-spans.ts";
import { layoutTorrent } from "./layout-torrent.ts";
import { makeMetainfo } from "./make-metainfo.ts";
import { type Metainfo, pieceLengthAt, type TorrentVersion } from "./metainfo.ts";
import { parseMetainfo } from "./parse-metainfo.ts";
import { pieceLayer } from "./piece-layer.ts";
import { pieceRoot } from "./piece-root.ts";
import { verifyPiece, verifyPieceRoot } from "./verify-piece.ts";

const K = 16_384;

type Given = { readonly metainfo: Metainfo; readonly pieces: readonly Uint8Array[] };

/** A torrent of files of these lengths, hashed as plainly as can be, and its pieces. */
function givenTorrent(
  version: TorrentVersion,
  lengths: readonly number[],
  pieceLengthBytes: number,
): Given {
  const draft = {
    ...{ version, pieceLengthBytes, name: "t", single: false },
    files: lengths.map((lengthBytes, index) => ({ path: ["d", `${index}`], lengthBytes })),
  };
  const layout = layoutTorrent(draft);
  const content = Buffer.concat(
    layout.files.map(({ lengthBytes, padding, offsetBytes }) =>
      Buffer.alloc(lengthBytes, padding ? 0 : `${offsetBytes} `),
    ),
  );
  const pieces = Array.from({ length: layout.pieceCount }, (_, piece) =>
    content.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes),
  );
  const roots = pieces.map((bytes, piece) => {
    const [span] = fileSpans(layout, piece * pieceLengthBytes, bytes.length);
    const fileIsOnePiece = (layout.files[span?.file ?? 0]?.lengthBytes ?? 0) <= pieceLengthBytes;
    return pieceRoot(bytes.subarray(0, span?.lengthBytes), pieceLengthBytes, { fileIsOnePiece });
  });
  const metainfo = parseMetainfo(
    makeMetainfo({
      ...draft,
      pieceHashes:
        version === "v2" ? null : Buffer.concat(pieces.map((each) => hash("sha1", each, "buffer"))),
      pieceRoots: version === "v1" ? null : Buffer.concat(roots),
    }),
  );
  ok(metainfo.kind === "metainfo");
  return { metainfo, pieces };
}

const anyTorrent: fc.Arbitrary<Given> = fc
  .record({
    version: fc.constantFrom<TorrentVersion>("v1", "v2", "hybrid"),
    lengths: fc.array(fc.constantFrom(0, 1, K - 1, K, K + 1, 2 * K, 5 * K - 3), { maxLength: 6 }),
    pieceLengthBytes: fc.constantFrom(K, 2 * K, 4 * K),
  })
  .map(({ version, lengths, pieceLengthBytes }) =>
    givenTorrent(version, [...lengths, 3, 0], pieceLengthBytes),
  );

test("verifyPiece() takes every piece as it is, and none with a bit changed", () => {
  fc.assert(
    fc.property(anyTorrent, fc.nat(), ({ metainfo, pieces }, chance) => {
      for (const [piece, bytes] of pieces.entries()) {
        equal(bytes.length, pieceLengthAt(metainfo, piece));
        ok(verifyPiece(metainfo, piece, bytes));
        const wrong = Uint8Array.from(bytes);
        const at = chance % wrong.length;
        wrong[at] = (wrong[at] ?? 0) ^ 1;
        ok(!verifyPiece(metainfo, piece, wrong));
        ok(!verifyPiece(metainfo, piece, bytes.subarray(1)));
        ok(!verifyPiece(metainfo, piece, Buffer.concat([bytes, Buffer.alloc(1)])));
        if (metainfo.pieceRoots !== null) ok(verifyPieceRoot(metainfo, piece, bytes));
      }
    }),
  );
});

test("verifyPiece() given a v2 piece without the padding after its file", () => {
  const { metainfo, pieces } = givenTorrent("v2", [K + 3, 5], 2 * K);
  const [first, second] = pieces.map((bytes) => Uint8Array.from(bytes));
  ok(first !== undefined && second !== undefined);
  deepEqual([first.length, second.length], [2 * K, 2 * K]);
  ok(verifyPiece(metainfo, 0, first.subarray(0, K + 3)));
  ok(verifyPiece(metainfo, 1, second.subarray(0, 5)));
  ok(!verifyPiece(metainfo, 0, first.subarray(0, K + 4)));
  ok(!verifyPiece(metainfo, 1, second.subarray(0, 4)));
});

test("verifyPieceRoot() given a hybrid whose SHA-1 alone is another's", () => {
  const { metainfo, pieces } = givenTorrent("hybrid", [K, 5], K);
  const [bytes] = pieces;
  ok(bytes !== undefined);
  const other = { ...metainfo, pieceHashes: new Uint8Array(40) };
  ok(!verifyPiece(other, 0, bytes));
  ok(verifyPieceRoot(other, 0, bytes));
});

test("verifyPiece() given no piece layers takes what the tree itself vouches for", () => {
  const { metainfo, pieces } = givenTorrent("v2", [3 * K, 5], K);
  const bare = { ...metainfo, pieceRoots: null };
  deepEqual(
    pieces.map((bytes, piece) => verifyPiece(bare, piece, bytes)),
    [false, false, false, true],
  );
});

test("pieceLayer() gives the roots of a file's pieces", () => {
  const { metainfo } = givenTorrent("v2", [1, 3 * K, 0], K);
  deepEqual(
    metainfo.files.map((file) => pieceLayer(metainfo, file)?.length ?? null),
    [32, null, 96, null],
  );
  equal(
    pieceLayer(
      { ...metainfo, pieceRoots: null },
      metainfo.files[0] ?? { offsetBytes: 0, lengthBytes: 1, padding: false },
    ),
    null,
  );
});
