import fc from "fast-check";
import type { MetainfoDraft } from "./make-metainfo.ts";
import { isPathElement } from "./path-element.ts";

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

type DraftFile = MetainfoDraft["files"][number];

const PLAIN = { noNullPrototype: true } as const;

const anyFile: fc.Arbitrary<DraftFile> = fc.record(
  {
    path: anyPath,
    lengthBytes: fc.oneof(fc.constant(0), fc.nat(200_000)),
    padding: fc.boolean(),
  },
  PLAIN,
);

const anyFiles: fc.Arbitrary<DraftFile[]> = fc
  .uniqueArray(anyFile, { minLength: 1, maxLength: 8, selector: ({ path }) => path.join("/") })
  .filter((files) => files.some(({ lengthBytes }) => lengthBytes > 0));

const anySettings = fc.record({
  pieceLengthBytes: fc.constantFrom(16_384, 32_768, 65_536, 100_000),
  private: fc.boolean(),
  trackers: fc
    .uniqueArray(anyUrl, { maxLength: 5 })
    .chain((urls) => fc.nat(urls.length).map((at) => [urls.slice(0, at), urls.slice(at)])),
  webSeeds: fc.uniqueArray(anyUrl, { maxLength: 3 }),
  comment: fc.option(fc.string({ unit: "binary" }).map((text) => text.toWellFormed())),
  createdBy: fc.option(fc.string()),
  creationDateSeconds: fc.option(fc.nat()),
});

/** Any draft that `makeMetainfo()` takes, of one file or of a tree. */
export const anyDraft: fc.Arbitrary<MetainfoDraft> = fc
  .tuple(anyName, fc.boolean(), anyFiles, anySettings, fc.infiniteStream(fc.nat(255)))
  .map(([name, single, tree, settings, bytes]) => {
    const lengthBytes = tree.reduce((sum, file) => sum + file.lengthBytes, 0);
    const files = single ? [{ path: [name], lengthBytes, padding: false }] : tree;
    const pieceCount = Math.ceil(lengthBytes / settings.pieceLengthBytes);
    const pieceHashes = Uint8Array.from([...bytes.take(pieceCount * 20)]);
    return { name, single, files, pieceHashes, ...settings };
  });
