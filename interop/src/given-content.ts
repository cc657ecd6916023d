import { createCipheriv, createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const MEGABYTE = 1_000_000;

/** Relative paths and sizes. */
export type GivenFiles = Readonly<Record<string, number>>;

/** Names that clients and shells have tripped over, odd sizes, 220 MB in all. */
export const AWKWARD_TREE: GivenFiles = {
  "a file with spaces.bin": 61 * MEGABYTE + 17,
  "empty.txt": 0,
  "nested/deeper/deepest/one-byte": 1,
  "nested/empty too": 0,
  "nested/名前 — ünïcødé.bin": 83 * MEGABYTE,
  "nested/#percent%20&ampersand;'quote'.bin": 262_144,
  "zz [brackets] (parens) + plus.iso": 76 * MEGABYTE + 4_095,
};

/** Writes the files, the same bytes for the same path each time, and gives the directory. */
export async function givenTree(directory: string, files: GivenFiles): Promise<string> {
  for (const [path, sizeBytes] of Object.entries(files)) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, pseudoRandomBytes(path, sizeBytes));
  }
  return directory;
}

/** A cipher's key stream: as good as random to a hash, quick, and the same for the same seed. */
function pseudoRandomBytes(seed: string, sizeBytes: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}
