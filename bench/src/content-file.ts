import { randomFillSync } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MIB = 1024 * 1024;

/** A file to serve, in a directory that has room for what else a benchmark must write. */
export type ContentFile = {
  readonly directory: string;
  readonly contentFile: string;
  readonly sizeBytes: number;
};

/**
 * A file of chance without holes, in a directory of its own, which goes when the benchmark ends.
 * It is in the page cache, and on the disk too, so that nobody writes it while others measure.
 */
export async function makeContentFile(
  { sizeMib, name = "content.bin" }: { readonly sizeMib: number; readonly name?: string },
  running: AsyncDisposableStack,
): Promise<ContentFile> {
  const directory = await makeDirectory(running);
  const contentFile = join(directory, name);
  const chunk = Buffer.allocUnsafe(MIB);
  await using file = await open(contentFile, "w");
  for (let written = 0; written < sizeMib; written += 1) await file.write(randomFillSync(chunk));
  await file.sync();
  return { directory, contentFile, sizeBytes: sizeMib * MIB };
}

/** A directory that goes when the benchmark ends, with all that is in it. */
export async function makeDirectory(running: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "seedfleet-bench-"));
  running.defer(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
