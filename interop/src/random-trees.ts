import { createHash } from "node:crypto";
import type { DraftFile, TorrentVersion } from "@seedfleet/metainfo";

/** A torrent to be made, of content that follows from its seed. */
export type RandomTree = {
  readonly version: TorrentVersion;
  readonly name: string;
  readonly single: boolean;
  readonly files: readonly (DraftFile & {
    readonly executable: boolean;
    readonly hidden: boolean;
  })[];
  readonly pieceLengthBytes: number;
  readonly private: boolean;
  readonly collections: readonly string[];
};

const VERSIONS: readonly TorrentVersion[] = ["v1", "v2", "hybrid"];
const PIECE_LENGTHS = [16_384, 32_768, 65_536] as const;
const FILES_MAX = 9;
const DEPTH_MAX = 12;

/**
 * Parts of names that clients have tripped over. The last few sort one way as UTF-16 and another
 * as bytes; none is another's in upper case, as libtorrent would rename one of the two.
 */
const NAMES = [
  ...["plain", "with space", ".hidden", "two..dots", "#?&=%20", "quote'\"", "-dash", "~"],
  ...["ünï", "u\u0308n", "名前", "Ω", "\u{d7ff}", "\u{e000}", "\u{ffee}", "\u{fffd}"],
  ...["\u{1f3ac}", "\u{10000}", "\u{10fffd}"],
] as const;

/** The same tree for the same number, every third of the same version. */
export function randomTree(seed: number): RandomTree {
  const random = randomNumbers(seed);
  const below = (max: number): number => Math.floor(random() * max);
  const one = <T>(values: readonly [T, ...T[]] | readonly T[], fallback: T): T =>
    values[below(values.length)] ?? fallback;

  const version = one([VERSIONS[seed % 3] ?? "v1"], "v1");
  const pieceLengthBytes = one(PIECE_LENGTHS, 16_384);
  const name = `${one(NAMES, "n")} ${seed}`;
  const single = below(5) === 0;
  const lengths = [
    ...[0, 1, 16_383, 16_384, 16_385, pieceLengthBytes, 2 * pieceLengthBytes],
    ...[pieceLengthBytes - 1, 17 * pieceLengthBytes + 1, below(200_000)],
  ];
  const directories: string[][] = [[]];
  const count = single ? 1 : 1 + below(FILES_MAX);
  const files = Array.from({ length: count }, (_, index) => {
    // Some go deeper down from where another is, so that there are long chains of directories.
    const parent = one(directories, []);
    const deeper = below(3) === 0 ? 1 + below(DEPTH_MAX - 1) : 0;
    const steps = Array.from(
      { length: deeper },
      (_, step) => `${one(NAMES, "d")} d${index}.${step}`,
    );
    const directory = [...parent, ...steps].slice(0, DEPTH_MAX);
    directories.push(directory);
    const path = single ? [name] : [...directory, `${one(NAMES, "f")} ${index}`];
    // A torrent must have some bytes; the last file sees to it.
    const lengthBytes = index === count - 1 ? Math.max(1, one(lengths, 1)) : one(lengths, 1);
    return { path, lengthBytes, executable: below(4) === 0, hidden: below(6) === 0 };
  });
  // Of v2 alone, a directory of one file is not told from the file.
  const [only] = files;
  const alone = version === "v2" && !single && count === 1 && only?.path.length === 1;
  return {
    ...{ version, name, single, pieceLengthBytes },
    files: alone ? [{ ...only, path: ["d", ...only.path] }] : files,
    private: below(3) === 0,
    collections: below(4) === 0 ? ["org.example.one", `名 ${seed}`] : [],
  };
}

/** The bytes of a file: as good as random, and the same each time. */
export function contentOf(seed: number, { path, lengthBytes }: DraftFile): Buffer {
  const hash = createHash("shake128", { outputLength: Math.max(1, lengthBytes) });
  return hash
    .update(`${seed} ${path.join("/")}`)
    .digest()
    .subarray(0, lengthBytes);
}

/** Mulberry32: numbers from 0 up to 1, the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e37_79b9);
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
