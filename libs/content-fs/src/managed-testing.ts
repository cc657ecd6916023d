import { equal } from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { ContentRange, ManagedContent, ManagedShape, ManagedSpan } from "@seedfleet/content";

/** A torrent whose every byte is known beforehand; for tests. */
export type GivenTorrent = {
  readonly key: string;
  readonly shape: ManagedShape;
  bytesOf(piece: number): Uint8Array;
  spansOf(piece: number): ManagedSpan[];
  rangesOf(piece: number): ContentRange[];
};

/** Files that lie one after the other, whatever pieces they are cut into. */
export function givenTorrent(
  sizes: Readonly<Record<string, number>>,
  pieceLengthBytes: number,
  key: string = "ab".repeat(20),
): GivenTorrent {
  const files = Object.entries(sizes).map(([path, sizeBytes]) => {
    return { path: path.split("/"), sizeBytes };
  });
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const rangesOf = (piece: number): ContentRange[] => {
    const begin = piece * pieceLengthBytes;
    const end = Math.min(begin + pieceLengthBytes, totalBytes);
    let at = 0;
    return files.flatMap(({ sizeBytes }, file) => {
      const from = Math.max(begin, at);
      const to = Math.min(end, at + sizeBytes);
      const offsetBytes = from - at;
      at += sizeBytes;
      return from < to ? [{ file, offsetBytes, lengthBytes: to - from }] : [];
    });
  };
  const bytesOf = (piece: number): Uint8Array => {
    const length = Math.min(pieceLengthBytes, totalBytes - piece * pieceLengthBytes);
    return Buffer.alloc(length, createHash("sha256").update(`${key} ${piece}`).digest());
  };
  const spansOf = (piece: number): ManagedSpan[] => {
    const bytes = bytesOf(piece);
    let at = 0;
    return rangesOf(piece).map(({ file, offsetBytes, lengthBytes }) => {
      at += lengthBytes;
      return { file, offsetBytes, bytes: bytes.subarray(at - lengthBytes, at) };
    });
  };
  const shape = { files, pieceCount: Math.ceil(totalBytes / pieceLengthBytes) };
  return { key, shape, bytesOf, spansOf, rangesOf };
}

/** The pieces that are there, and of these the ones whose bytes are not theirs. */
export async function lookAt(
  content: ManagedContent,
  torrent: GivenTorrent,
): Promise<{ readonly there: number[]; readonly wrong: number[] }> {
  const all = Array.from({ length: torrent.shape.pieceCount }, (_, piece) => piece);
  const there = all.filter((piece) => content.has(piece));
  const wrong: number[] = [];
  for (const piece of there) {
    const right = torrent.bytesOf(piece);
    const into = new Uint8Array(right.length);
    await content.read(torrent.rangesOf(piece), into);
    if (Buffer.compare(into, right) !== 0) wrong.push(piece);
  }
  return { there, wrong };
}

/** What a process of its own does with a store; `print(number)` tells it to the test. */
export type StoreWork = {
  readonly root: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly pieceLengthBytes: number;
  readonly script: string;
};

/** Writes the pieces that are absent, eight at a time, and prints each once it is there. */
export const WRITE_ABSENT: string = `
  const { key, shape, spansOf } = torrent;
  const content = (await store.open(key)) ?? (await store.create(key, shape));
  const { pieceCount } = shape;
  const absent = Array.from({ length: pieceCount }, (_, index) => (index * 7) % pieceCount)
    .filter((piece) => !content.has(piece));
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let piece = absent.pop(); piece !== undefined; piece = absent.pop()) {
      await content.writePiece(piece, spansOf(piece));
      print(piece);
    }
  }));
`;

export type Killing = {
  /** How many numbers it prints before. */
  readonly after: number;
  /** What happens to it just before; it may well fail of that. */
  readonly cut?: () => Promise<void>;
};

/** Gives all that the process printed before it ended, or was killed with -9. */
export async function printedUntilKilled(
  { root, sizes, pieceLengthBytes, script }: StoreWork,
  { after, cut }: Killing,
): Promise<readonly number[]> {
  const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url));
  const program = `
    import { writeSync } from "node:fs";
    import { FsManagedContentStore } from ${url("managed-content-store.ts")};
    import { givenTorrent } from ${url("managed-testing.ts")};
    const store = new FsManagedContentStore(${JSON.stringify(root)});
    const torrent = givenTorrent(${JSON.stringify(sizes)}, ${pieceLengthBytes});
    const print = (number) => writeSync(1, number + "\\n");
    ${script}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", cut === undefined ? "inherit" : "ignore"],
  });
  const closed = once(child, "close");
  const numbers: number[] = [];
  for await (const line of createInterface(child.stdout)) {
    numbers.push(Number(line));
    if (numbers.length !== after) continue;
    await cut?.();
    child.kill("SIGKILL");
  }
  await closed;
  if (numbers.length < after) equal(child.exitCode, 0);
  return numbers;
}
