import { ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseMetainfo, type TorrentVersion } from "@seedfleet/metainfo";
import { requireRealPart } from "@seedfleet/testkit";
import type { SeededTorrent } from "./seeded-torrent.ts";

const SCRIPT = join(import.meta.dirname, "web-seed-torrent.py");

export type WebSeedOptions = {
  readonly version: TorrentVersion;
  readonly pieceLengthBytes: number;
  readonly webSeeds: readonly string[];
};

/** A torrent of a file or a directory that lies there already, made by libtorrent. */
export async function webSeedTorrent(
  directory: string,
  path: string,
  { version, pieceLengthBytes: pieceLength, webSeeds }: WebSeedOptions,
): Promise<SeededTorrent> {
  const torrentFile = `${directory}.${version}.torrent`;
  const given = { content: directory, path, version, pieceLength, webSeeds, made: torrentFile };
  execFileSync(requireRealPart("python3-libtorrent"), [SCRIPT, JSON.stringify(given)]);
  const metainfo = parseMetainfo(await readFile(torrentFile));
  ok(metainfo.kind === "metainfo");
  return { metainfo, torrentFile, directory };
}
