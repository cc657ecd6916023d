import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BenchProcess } from "../bench-process.ts";
import type { LoadTarget } from "../load/run-load.ts";
import { type SeederName, seederLabel } from "./seeder-name.ts";
import { OWN_CHECKOUT, startUp } from "./seedfleet-up.ts";

const LIBTORRENT_SEEDER = fileURLToPath(new URL("libtorrent-seeder.py", import.meta.url));

/** It starts from a `.torrent` that is there, and checks nothing. */
const READY_MS_MAX = 300_000;

/** A running seeder of the content. */
export type Seeder = LoadTarget & {
  readonly version: string;
  readonly child: BenchProcess;
  /** Where its metrics are; null of a seeder that has none. */
  readonly adminUrl: string | null;
};

export type SeederContent = {
  readonly directory: string;
  readonly contentFile: string;
  readonly sizeBytes: number;
  /** What ours may keep of it in memory. */
  readonly cacheBytes: number;
  /** The most peers that will come at once. */
  readonly connectionsMax: number;
  /** Settings besides. */
  readonly env?: Readonly<Record<string, string>>;
};

/** `seedfleet up` on the content, from this checkout or another, with nothing in its way. */
export async function startSeedfleet(
  seeder: Extract<SeederName, { kind: "seedfleet" }>,
  content: SeederContent,
  running: AsyncDisposableStack,
): Promise<Seeder> {
  const { checkout, workers } = seeder;
  const root = checkout ?? OWN_CHECKOUT;
  const name = seederLabel(seeder);
  const { directory, contentFile, cacheBytes, connectionsMax, env = {} } = content;
  const up = await startUp(
    {
      ...{ name, root, workers, paths: [contentFile], unchokeSlots: connectionsMax + 1 },
      dataDirectory: join(directory, `data-${name.replaceAll(/\W/g, "-")}`),
      env: {
        SEEDFLEET_GATEWAY_CACHE_BYTES: String(cacheBytes),
        SEEDFLEET_GATEWAY_PEERS_PER_ADDRESS_MAX: String(connectionsMax + 16),
        ...env,
      },
    },
    running,
  );
  const { torrents, ...process } = up;
  const torrentFile = torrents[0]?.torrentFile ?? "";
  return { name, version: versionOf(root), torrentFile, ...process };
}

/** libtorrent on the content and the `.torrent` that Seedfleet made of it. */
export async function startLibtorrent(
  python: string,
  { directory, torrentFile }: { readonly directory: string; readonly torrentFile: string },
  running: AsyncDisposableStack,
): Promise<Seeder> {
  const name = seederLabel({ kind: "libtorrent" });
  const args = [LIBTORRENT_SEEDER, torrentFile, directory];
  const seeder = BenchProcess.start({ name, program: python, args }, running);
  const { version, port } = await seeder.event("ready", READY_MS_MAX);
  return {
    name,
    version: String(version),
    pid: seeder.pid,
    ...{ child: seeder, adminUrl: null },
    host: "127.0.0.1",
    port: Number(port),
    torrentFile,
  };
}

function versionOf(checkout: string): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(join(checkout, "package.json"), "utf8"),
  );
  return manifest.version;
}
