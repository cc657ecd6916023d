import { fileURLToPath } from "node:url";
import { BenchProcess } from "../bench-process.ts";
import { type SwarmPeer, startLibtorrentPeer } from "../download/libtorrent-peer.ts";
import type { OwnSeedSpec } from "./own-seed.ts";

const OWN_SEED = fileURLToPath(new URL("own-seed.ts", import.meta.url));

/** It hashes the content first. */
const LISTENING_MS_MAX = 120_000;

/** Who has the content: libtorrent, Seedfleet, or Seedfleet that super-seeds (BEP 16). */
export const SEED_KINDS = ["libtorrent", "seedfleet", "super"] as const;
export type SeedKind = (typeof SEED_KINDS)[number];

export type SeedPlace = Omit<OwnSeedSpec, "superSeeds"> & {
  /** The content's. */
  readonly directory: string;
};

/** Starts a seed, which writes the .torrent, and resolves when it listens. */
export async function startSeed(
  kind: SeedKind,
  { directory, contentFile, ...place }: SeedPlace,
  running: AsyncDisposableStack,
): Promise<SwarmPeer> {
  const name = "the seed";
  if (kind === "libtorrent") {
    const seed = { ...place, make: contentFile, savePath: directory, seeds: true };
    return await startLibtorrentPeer(name, seed, running);
  }
  const spec: OwnSeedSpec = { ...place, contentFile, superSeeds: kind === "super" };
  const args = [OWN_SEED, JSON.stringify(spec)];
  const child = BenchProcess.start({ name, program: process.execPath, args }, running);
  const { port, version } = await child.event("listening", LISTENING_MS_MAX);
  return { name, child, port: Number(port), version: String(version) };
}
