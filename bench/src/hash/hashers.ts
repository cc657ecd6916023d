import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseMetainfo } from "@seedfleet/metainfo";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { childrenCpuSeconds } from "./children-cpu.ts";
import type { HashCase } from "./hash-case.ts";

const OUR_RUN = fileURLToPath(new URL("hash-run.ts", import.meta.url));
const LIBTORRENT_CREATOR = fileURLToPath(new URL("libtorrent-creator.py", import.meta.url));

/** mktorrent takes minutes for a hundred thousand files on a slow machine. */
const HASHED_MS_MAX = 1_800_000;

/** The block of BEP 52, and as long as it takes to see a busy machine's ups and downs. */
const SPEED_BLOCK_BYTES = 16_384;
const SPEED_SECONDS = 2;

export type BenchVersion = "v1" | "hybrid";

export type HashTask = {
  readonly path: string;
  readonly version: BenchVersion;
  readonly pieceLengthBytes: number;
  readonly threads: number;
};

/** What one run of somebody took, and came to. */
export type Hashed = {
  /** Before that, what its threads took to start; null of who has them start within it. */
  readonly startSeconds: number | null;
  readonly wallSeconds: number;
  /** Within that, until the files were known; null of who does not tell. */
  readonly listSeconds: number | null;
  readonly cpuSeconds: number;
  /** The most memory it had; null of who does not tell. */
  readonly residentBytes: number | null;
  /** The SHA-1, in hex, of all hashes one after the other; null of what it does not make. */
  readonly pieceHashes: string | null;
  readonly pieceRoots: string | null;
};

/** Somebody who hashes, or the bound of what can be. */
export type Hasher = {
  readonly name: string;
  readonly versions: readonly BenchVersion[];
  readonly hash: (task: HashTask, content: HashCase) => Promise<Hashed>;
};

export function seedfleetHasher(running: AsyncDisposableStack): Hasher {
  return {
    name: "seedfleet",
    versions: ["v1", "hybrid"],
    async hash(task) {
      const args = [OUR_RUN, JSON.stringify(task)];
      return await told({ name: "seedfleet", program: process.execPath, args }, running);
    },
  };
}

export function libtorrentHasher(python: string, running: AsyncDisposableStack): Hasher {
  return {
    name: "libtorrent",
    versions: ["hybrid"],
    async hash(task) {
      const args = [LIBTORRENT_CREATOR, JSON.stringify(task)];
      return await told({ name: "libtorrent", program: python, args }, running);
    },
  };
}

async function told(
  command: { readonly name: string; readonly program: string; readonly args: readonly string[] },
  running: AsyncDisposableStack,
): Promise<Hashed> {
  await using child = BenchProcess.start(command, running);
  return (await child.event("hashed", HASHED_MS_MAX)) as Hashed;
}

/** From its start to its end: it does nothing but hash. */
export function mktorrentHasher(program: string): Hasher {
  return {
    name: "mktorrent",
    versions: ["v1"],
    async hash({ path, pieceLengthBytes, threads }, { outputPath }) {
      await rm(outputPath, { force: true });
      const args = [
        ...["-t", `${threads}`, "-l", `${Math.log2(pieceLengthBytes)}`],
        ...["-a", "http://127.0.0.1/", "-o", outputPath, path],
      ];
      const cpuBefore = childrenCpuSeconds();
      const beganMs = performance.now();
      await promisify(execFile)(program, args, { maxBuffer: 1e9 });
      const wallSeconds = (performance.now() - beganMs) / 1_000;
      const cpuSeconds = childrenCpuSeconds() - cpuBefore;
      const metainfo = parseMetainfo(await readFile(outputPath));
      if (metainfo.kind !== "metainfo") throw new BenchError("mktorrent made no .torrent");
      const { pieceHashes } = metainfo;
      return {
        startSeconds: null,
        wallSeconds,
        listSeconds: null,
        cpuSeconds,
        residentBytes: null,
        pieceHashes: createHash("sha1")
          .update(pieceHashes ?? "")
          .digest("hex"),
        pieceRoots: null,
      };
    },
  };
}

/**
 * What OpenSSL's digests alone would take for as many bytes on as many cores: nothing is read, and
 * of a hybrid each byte goes through SHA-1 and then through SHA-256.
 */
export function opensslBound(program: string): Hasher {
  return {
    name: "openssl",
    versions: ["v1", "hybrid"],
    async hash({ version, threads }, { sizeBytes }) {
      const algorithms = version === "v1" ? ["sha1"] : ["sha1", "sha256"];
      let wallSeconds = 0;
      let cpuSeconds = 0;
      for (const algorithm of algorithms) {
        const speed = await speedOf(program, algorithm, threads);
        wallSeconds += sizeBytes / speed.bytesPerSecond;
        cpuSeconds += sizeBytes / speed.bytesPerCpuSecond;
      }
      const nothing = { startSeconds: null, listSeconds: null, residentBytes: null };
      return { wallSeconds, cpuSeconds, ...nothing, pieceHashes: null, pieceRoots: null };
    },
  };
}

async function speedOf(
  program: string,
  algorithm: string,
  threads: number,
): Promise<{ readonly bytesPerSecond: number; readonly bytesPerCpuSecond: number }> {
  const args = [
    ...["speed", "-elapsed", "-multi", `${threads}`, "-seconds", `${SPEED_SECONDS}`],
    ...["-bytes", `${SPEED_BLOCK_BYTES}`, "-evp", algorithm],
  ];
  const cpuBefore = childrenCpuSeconds();
  const { stdout } = await promisify(execFile)(program, args);
  const cpuSeconds = childrenCpuSeconds() - cpuBefore;
  const bytesPerSecond = parseSpeed(stdout);
  return { bytesPerSecond, bytesPerCpuSecond: (bytesPerSecond * SPEED_SECONDS) / cpuSeconds };
}

/** The last line of `openssl speed` says how many thousand bytes a second. */
export function parseSpeed(output: string): number {
  const [, thousands] = /\s([\d.]+)k\s*$/.exec(output) ?? [];
  if (thousands === undefined) throw new BenchError(`cannot read openssl's "${output.trim()}"`);
  return Number(thousands) * 1_000;
}
