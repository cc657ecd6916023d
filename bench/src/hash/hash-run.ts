import { createHash } from "node:crypto";
import { FsContentSource } from "@seedfleet/content-fs";
import { HashPool } from "@seedfleet/piece-store/service";
import { systemClock } from "@seedfleet/runtime";
import type { Hashed, HashTask } from "./hashers.ts";

/**
 * Our engine, in a process of its own: lists and hashes what it is told in its only argument, and
 * tells what that took as an event `hashed`. It does so twice and tells of the second time: a store
 * has its threads, and its code compiled, when it has hashed before. What the threads take to start
 * is told apart.
 */
const task: HashTask = JSON.parse(process.argv[2] ?? "");
const { path, version, pieceLengthBytes, threads } = task;
const silent = { signal: new AbortController().signal, hashed: () => {}, resume: null };

await using source = new FsContentSource({ clock: systemClock });
await using pool = new HashPool({ threads });
const startSeconds = await startThreads();
await listAndHash();
const hashed: Hashed = { ...(await listAndHash()), startSeconds };
process.stdout.write(`${JSON.stringify({ event: "hashed", ...hashed })}\n`);

async function listAndHash(): Promise<Omit<Hashed, "startSeconds">> {
  const cpuBefore = process.cpuUsage();
  const beganMs = performance.now();
  const listing = await source.list(path);
  const listedMs = performance.now();
  const digests = await pool.hash({
    ...silent,
    content: source.open(listing),
    layout: layoutOf(listing.files.map(({ sizeBytes }) => sizeBytes)),
    version,
    pieceLengthBytes,
  });
  const endedMs = performance.now();
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    wallSeconds: (endedMs - beganMs) / 1_000,
    listSeconds: (listedMs - beganMs) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.resourceUsage().maxRSS * 1_024,
    pieceHashes: digestOf(digests.pieceHashes),
    pieceRoots: digestOf(digests.pieceRoots),
  };
}

/** Each of as many jobs at once has a thread started for it. */
async function startThreads(): Promise<number> {
  const beganMs = performance.now();
  await Promise.all(Array.from({ length: threads }, () => hashOneByte()));
  return (performance.now() - beganMs) / 1_000;
}

async function hashOneByte(): Promise<void> {
  const files = [{ path: ["byte"], sizeBytes: 1, modified: "", identity: "" }];
  const listing = { path: "", name: "byte", single: true, files, sizeBytes: 1, skipped: [] };
  const content = { listing, read: async () => {} };
  await pool.hash({ ...silent, content, layout: layoutOf([1]), version, pieceLengthBytes });
}

/** Files as they are listed; of a hybrid each begins with a piece. */
function layoutOf(sizes: readonly number[]) {
  let offsetBytes = 0;
  const files = sizes.flatMap((lengthBytes, contentFile) => {
    const file = { lengthBytes, offsetBytes, padding: false, contentFile };
    const end = offsetBytes + lengthBytes;
    const isLast = contentFile === sizes.length - 1;
    offsetBytes = version === "v1" || isLast ? end : nextPiece(end);
    if (offsetBytes === end) return [file];
    const padding = { lengthBytes: offsetBytes - end, offsetBytes: end, padding: true };
    return [file, { ...padding, contentFile: null }];
  });
  return { files, sizeBytes: offsetBytes };
}

function nextPiece(at: number): number {
  return Math.ceil(at / pieceLengthBytes) * pieceLengthBytes;
}

function digestOf(hashes: Uint8Array | null): string | null {
  return hashes === null ? null : createHash("sha1").update(hashes).digest("hex");
}
