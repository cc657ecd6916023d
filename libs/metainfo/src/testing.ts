import { createHash } from "node:crypto";
import { infoHashFromBytes } from "@seedfleet/bytes";
import fc from "fast-check";
import type { HashedMetainfo } from "./hash-trees.ts";
import { type DraftFile, layoutTorrent } from "./layout-torrent.ts";
import { BLOCK_BYTES, BLOCK_HASH_BYTES } from "./merkle-tree.ts";
import { type MetainfoFile, PIECE_HASH_BYTES, type TorrentVersion } from "./metainfo.ts";
import type { MetainfoDraft } from "./metainfo-draft.ts";
import { isPathElement } from "./path-element.ts";
import { pieceRoot, rootOfPieceRoots } from "./piece-root.ts";

/** Lengths at which blocks and pieces begin and end. */
const EDGES = [1, 16_383, 16_384, 16_385, 32_768, 65_536, 65_537] as const;

/** Bencoded text of a byte each character, so that a test can say what the bytes are. */
export function givenBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** A draft of one small file, but for what a test says. */
export function givenDraft(changes: Partial<MetainfoDraft> = {}): MetainfoDraft {
  return {
    name: "a.bin",
    single: true,
    files: [{ path: ["a.bin"], lengthBytes: 40_000 }],
    pieceLengthBytes: 16_384,
    pieceHashes: new Uint8Array(60),
    ...changes,
  };
}

const anyName: fc.Arbitrary<string> = fc
  .string({ unit: "binary", minLength: 1, maxLength: 12 })
  .filter((name) => isPathElement(name) && !name.includes("_padding_file_"));

const anyUrl: fc.Arbitrary<string> = fc.webUrl({ withQueryParameters: true });

/** Paths of which none is another's directory: the directories are `d…`, the files are not. */
const anyPath: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.array(
      anyName.map((name) => `d${name}`),
      { maxLength: 3 },
    ),
    anyName.map((name) => `f${name}`),
  )
  .map(([directories, name]) => [...directories, name]);

const PLAIN = { noNullPrototype: true } as const;

const anyFile: fc.Arbitrary<DraftFile> = fc
  .record(
    {
      path: anyPath,
      lengthBytes: fc.oneof(fc.constant(0), fc.constantFrom(...EDGES), fc.nat(200_000)),
      executable: fc.boolean(),
      hidden: fc.boolean(),
      kind: fc.constantFrom("file", "file", "file", "padding", "symlink"),
      target: anyPath,
    },
    PLAIN,
  )
  .map(({ kind, target, ...file }) => {
    if (kind !== "symlink") return { ...file, padding: kind === "padding", symlink: null };
    return { ...file, lengthBytes: 0, padding: false, symlink: target };
  });

const anyFiles: fc.Arbitrary<DraftFile[]> = fc
  .uniqueArray(anyFile, { minLength: 1, maxLength: 8, selector: ({ path }) => path.join("/") })
  .filter((files) => files.some(({ lengthBytes, padding }) => lengthBytes > 0 && !padding));

const anySettings = fc.record({
  private: fc.boolean(),
  trackers: fc
    .uniqueArray(anyUrl, { maxLength: 5 })
    .chain((urls) => fc.nat(urls.length).map((at) => [urls.slice(0, at), urls.slice(at)])),
  webSeeds: fc.uniqueArray(anyUrl, { maxLength: 3 }),
  httpSeeds: fc.uniqueArray(anyUrl, { maxLength: 3 }),
  comment: fc.option(fc.string({ unit: "binary" }).map((text) => text.toWellFormed())),
  createdBy: fc.option(fc.string()),
  creationDateSeconds: fc.option(fc.nat()),
  source: fc.option(fc.string()),
  similar: fc.uniqueArray(fc.uint8Array({ minLength: 20, maxLength: 20 }).map(infoHashFromBytes), {
    maxLength: 3,
  }),
  collections: fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 3 }),
});

const V1_PIECE_LENGTHS = [16_384, 32_768, 65_536, 100_000] as const;
const V2_PIECE_LENGTHS = [16_384, 32_768, 65_536] as const;

const anyVersion: fc.Arbitrary<{ version: TorrentVersion; pieceLengthBytes: number }> = fc.oneof(
  fc.record({
    version: fc.constant<TorrentVersion>("v1"),
    pieceLengthBytes: fc.constantFrom(...V1_PIECE_LENGTHS),
  }),
  fc.record({
    version: fc.constantFrom<TorrentVersion>("v2", "hybrid"),
    pieceLengthBytes: fc.constantFrom(...V2_PIECE_LENGTHS),
  }),
);

/** Any draft that `makeMetainfo()` takes, of any version, of one file or of a tree. */
export const anyDraft: fc.Arbitrary<MetainfoDraft> = fc
  .record({
    name: anyName,
    single: fc.boolean(),
    tree: anyFiles,
    shape: anyVersion,
    settings: anySettings,
    bytes: fc.infiniteStream(fc.nat(255)),
  })
  .map(({ name, single, tree, shape, settings, bytes }) => {
    const { version } = shape;
    const files = single ? singleFile(name, tree) : carriable(tree, version);
    const { pieceCount } = layoutTorrent({ ...shape, files });
    const pieceHashes = version === "v2" ? null : take(bytes, pieceCount * PIECE_HASH_BYTES);
    const pieceRoots = version === "v1" ? null : take(bytes, pieceCount * BLOCK_HASH_BYTES);
    // No SHA-256 is all zeros, and a pieces root of zeros is refused.
    for (let at = 0; at < (pieceRoots?.length ?? 0); at += BLOCK_HASH_BYTES)
      pieceRoots?.fill(1, at, at + 1);
    return { name, single, files, pieceHashes, pieceRoots, ...shape, ...settings };
  });

function singleFile(name: string, tree: readonly DraftFile[]): DraftFile[] {
  const lengthBytes = tree.reduce((sum, file) => sum + file.lengthBytes, 0);
  const { executable = false, hidden = false } = tree[0] ?? {};
  return [{ path: [name], lengthBytes, padding: false, executable, hidden, symlink: null }];
}

/** In v2 padding is not given, and a directory of one file must be within another. */
function carriable(tree: readonly DraftFile[], version: TorrentVersion): readonly DraftFile[] {
  if (version === "v1") return tree;
  const files = tree.filter(({ padding }) => !padding);
  if (files.length > 1) return files;
  return files.map((file) => ({ ...file, path: ["d", ...file.path] }));
}

function take(bytes: fc.Stream<number>, count: number): Uint8Array {
  return Uint8Array.from([...bytes.take(count)]);
}

/** A placed file of a v1 torrent, but for what a test says. */
export function givenFile(changes: Partial<MetainfoFile> = {}): MetainfoFile {
  return {
    ...{ path: ["a"], lengthBytes: 0, offsetBytes: 0, padding: false },
    ...{ executable: false, hidden: false, symlink: null, piecesRoot: null },
    ...changes,
  };
}

/** A v2 torrent of files of these lengths, each block of which has bytes of its own. */
export function givenHashedTorrent(
  lengths: readonly number[],
  pieceLengthBytes: number,
): { readonly metainfo: HashedMetainfo; readonly pieces: readonly Uint8Array[] } {
  const files = lengths.map((lengthBytes, index) => ({ path: ["d", `${index}`], lengthBytes }));
  const layout = layoutTorrent({ version: "v2", pieceLengthBytes, files });
  const pieces: Uint8Array[] = [];
  const roots: Uint8Array[] = [];
  const placed = layout.files.map((file) => {
    if (file.padding || file.lengthBytes === 0) return file;
    const own: Uint8Array[] = [];
    const fileIsOnePiece = file.lengthBytes <= pieceLengthBytes;
    for (let at = 0; at < file.lengthBytes; at += pieceLengthBytes) {
      const bytes = Buffer.alloc(Math.min(pieceLengthBytes, file.lengthBytes - at));
      for (let block = 0; block < bytes.length; block += BLOCK_BYTES) {
        bytes.subarray(block, block + BLOCK_BYTES).fill(`${file.path[1]} ${at + block} `);
      }
      pieces.push(bytes);
      own.push(pieceRoot(bytes, pieceLengthBytes, { fileIsOnePiece }));
    }
    roots.push(...own);
    return { ...file, piecesRoot: rootOfPieceRoots(Buffer.concat(own), pieceLengthBytes) };
  });
  const pieceRoots = Buffer.concat(roots);
  return { metainfo: { files: placed, pieceLengthBytes, pieceRoots }, pieces };
}

/** A file's tree as BEP 52 tells it: layer by layer, in hex, with all padding. Slow, and plain. */
export function slowHashTree(bytes: Uint8Array): readonly (readonly string[])[] {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  let width = 1;
  while (width < blocks) width *= 2;
  let row = Array.from({ length: width }, (_, block) => {
    const start = block * BLOCK_BYTES;
    if (block >= blocks) return "0".repeat(64);
    return createHash("sha256")
      .update(bytes.subarray(start, start + BLOCK_BYTES))
      .digest("hex");
  });
  const layers = [row];
  while (row.length > 1) {
    const below = row;
    row = Array.from({ length: below.length / 2 }, (_, node) => {
      const pair = Buffer.from(`${below[2 * node]}${below[2 * node + 1]}`, "hex");
      return createHash("sha256").update(pair).digest("hex");
    });
    layers.push(row);
  }
  return layers;
}
