import { randomFillSync } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MIB = 1024 * 1024;

/** What is to be filled, in a directory that has room for what else a run must write. */
export type FillContent = {
  readonly directory: string;
  readonly contentFile: string;
  readonly sizeBytes: number;
  readonly pieceLengthBytes: number;
};

/** A file of chance in a directory of its own, which goes when the benchmark ends. */
export async function makeFillContent(
  { sizeMib, pieceKib }: { readonly sizeMib: number; readonly pieceKib: number },
  running: AsyncDisposableStack,
): Promise<FillContent> {
  const directory = await mkdtemp(join(tmpdir(), "seedfleet-bench-"));
  running.defer(() => rm(directory, { recursive: true, force: true }));
  const contentFile = join(directory, "content.bin");
  const chunk = Buffer.allocUnsafe(MIB);
  await using file = await open(contentFile, "w");
  for (let written = 0; written < sizeMib; written += 1) await file.write(randomFillSync(chunk));
  return { directory, contentFile, sizeBytes: sizeMib * MIB, pieceLengthBytes: pieceKib * 1024 };
}
