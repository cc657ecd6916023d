import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import type { LoadTarget } from "../load/run-load.ts";
import { type SeederName, seederLabel } from "./seeder-name.ts";

const OWN_CHECKOUT = fileURLToPath(new URL("../../..", import.meta.url));
const LIBTORRENT_SEEDER = fileURLToPath(new URL("libtorrent-seeder.py", import.meta.url));

/** Hashing the content is part of a start. */
const READY_MS_MAX = 300_000;

/** A running seeder of the content. */
export type Seeder = LoadTarget & { readonly version: string };

export type SeederContent = {
  readonly directory: string;
  readonly contentFile: string;
  readonly sizeBytes: number;
  /** What ours may keep of it in memory. */
  readonly cacheBytes: number;
  /** The most peers that will come at once. */
  readonly connectionsMax: number;
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
  const { directory, contentFile, cacheBytes, connectionsMax } = content;
  const freePorts = ["--peer-port", "--tracker-port", "--console-port"].flatMap((at) => [at, "0"]);
  const dataDirectory = join(directory, `data-${name.replaceAll(/\W/g, "-")}`);
  const command = {
    name,
    program: process.execPath,
    args: [
      join(root, "apps/cli/src/main.ts"),
      ...["up", contentFile, "--json", ...freePorts, "--data-dir", dataDirectory],
      ...["--unchoke-slots", String(connectionsMax + 1)],
      // A checkout from before there were workers does not know the flag.
      ...(workers > 1 ? ["--workers", String(workers)] : []),
    ],
    env: {
      SEEDFLEET_LOG_LEVEL: "warn",
      SEEDFLEET_GATEWAY_CACHE_BYTES: String(cacheBytes),
      SEEDFLEET_GATEWAY_PEERS_PER_ADDRESS_MAX: String(connectionsMax + 16),
    },
  };
  const child = BenchProcess.start(command, running);
  const ready = await child.event("ready", READY_MS_MAX);
  const { peerAddress, torrents } = ready as {
    readonly peerAddress: string;
    readonly torrents: readonly { readonly torrentFile: string }[];
  };
  const [torrent] = torrents;
  const colon = peerAddress.lastIndexOf(":");
  if (torrent === undefined) throw new BenchError(`${name} seeds nothing`);
  return {
    name,
    version: versionOf(root),
    pid: child.pid,
    host: peerAddress.slice(0, colon),
    port: Number(peerAddress.slice(colon + 1)),
    torrentFile: torrent.torrentFile,
  };
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
