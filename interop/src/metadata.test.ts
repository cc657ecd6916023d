import { deepEqual, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext } from "node:test";
import { peerIdFromBytes, truncatedInfoHash } from "@seedfleet/bytes";
import {
  MetadataFetch,
  type MetadataFetchOptions,
  metadataMetrics,
} from "@seedfleet/gateway/service";
import { type Metainfo, parseMetainfo, type TorrentVersion } from "@seedfleet/metainfo";
import { systemClock } from "@seedfleet/runtime";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { realPartTest } from "@seedfleet/testkit";
import { type SeededTorrent, seededTorrent } from "./seeded-torrent.ts";
import {
  aria2Seed,
  libtorrentSeed,
  type SeedClient,
  type SeedEncryption,
  transmissionSeed,
} from "./seeds.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const PARTS = ["python3-libtorrent", "aria2c", "transmission-cli"] as const;

/** A layer that ends within the tree has other padding in pieces of more than one block. */
const PIECE_LENGTHS = { v1: 65_536, hybrid: 32_768, v2: 16_384 } as const;

/**
 * In pieces of 16 KiB: a layer of three requests, one whose last is of a single hash, one of two
 * pieces, and files without a layer.
 */
const FILES = {
  "long.img": 1_100 * 16_384 + 5,
  "dir/one-more.bin": 513 * 16_384,
  "dir/two.bin": 20_000,
  "dir/名前.txt": 16_384,
  "tiny.txt": 1,
} as const;

/** The info dictionary takes several pieces. */
const SOURCE = "s".repeat(50_000);

type Names = Pick<MetadataFetchOptions, "infoHash" | "infoHashV2">;

type Case = {
  readonly client: SeedClient;
  readonly version: TorrentVersion;
  readonly seed?: SeedEncryption;
  readonly ours?: MetadataFetchOptions["encryption"];
  readonly by?: "both" | "v1" | "v2";
};

const CASES: readonly Case[] = [
  { client: libtorrentSeed, version: "v1" },
  { client: libtorrentSeed, version: "v1", seed: "forced" },
  { client: libtorrentSeed, version: "v1", seed: "off", ours: "off" },
  { client: libtorrentSeed, version: "hybrid", by: "both" },
  { client: libtorrentSeed, version: "hybrid", by: "v1" },
  { client: libtorrentSeed, version: "hybrid", by: "v2" },
  { client: libtorrentSeed, version: "hybrid", by: "v1", seed: "forced" },
  { client: libtorrentSeed, version: "v2" },
  { client: libtorrentSeed, version: "v2", seed: "forced", ours: "required" },
  { client: aria2Seed, version: "v1" },
  { client: aria2Seed, version: "v1", seed: "forced" },
  { client: transmissionSeed, version: "v1" },
  { client: transmissionSeed, version: "v1", seed: "forced" },
  { client: transmissionSeed, version: "v1", ours: "required" },
];

// Each waits for a client of its own most of the time.
describe("metadata", { concurrency: 4 }, () => {
  for (const each of CASES) {
    const { client, version, seed = "any", ours = "allowed", by = "both" } = each;
    const situation = `${version} by ${by}, encryption ${seed} there and ${ours} here`;
    realPartTest(PARTS, `MetadataFetch given ${client.name} with ${situation}`, (t) =>
      fetchFrom(t, each),
    );
  }
});

async function fetchFrom(
  t: TestContext,
  { client, version, seed = "any", ours = "allowed", by = "both" }: Case,
): Promise<void> {
  await using work = await temporaryDirectory();
  const torrent = await seededTorrent(join(work.path, "seed"), {
    version,
    ...{ files: FILES, source: SOURCE, pieceLengthBytes: PIECE_LENGTHS[version] },
  });
  const { program, port } = await client.start(torrent, seed);
  await using _program = program;
  const startedAtMs = performance.now();
  const { log, meter } = recordingTelemetry();
  const fetch = new MetadataFetch(
    { clock: systemClock, log, metrics: metadataMetrics(meter), peersFound: () => {} },
    {
      ...namesBy(by, torrent.metainfo),
      ...{ ownPeerId: peerIdFromBytes(randomBytes(20)), encryption: ours, listenPort: null },
    },
  );
  fetch.addPeers([{ host: host.address, port }]);
  // A timer of ours keeps no process alive, but the client's output does.
  const bytes = await fetch.result;
  t.diagnostic(`${bytes.length} bytes in ${Math.round(performance.now() - startedAtMs)} ms`);
  await expectSame(bytes, torrent);
}

function namesBy(by: "both" | "v1" | "v2", { infoHash, infoHashV2 }: Metainfo): Names {
  if (by === "v1") return { infoHash, infoHashV2: null };
  if (by === "both") return { infoHash, infoHashV2 };
  ok(infoHashV2 !== null);
  return { infoHash: truncatedInfoHash(infoHashV2), infoHashV2 };
}

/** All that the seed's .torrent file says, but for who made it. */
async function expectSame(bytes: Uint8Array, { torrentFile }: SeededTorrent): Promise<void> {
  const whole = parseMetainfo(await readFile(torrentFile));
  ok(whole.kind === "metainfo");
  deepEqual(parseMetainfo(bytes), { ...whole, createdBy: null, creationDateSeconds: null });
}
