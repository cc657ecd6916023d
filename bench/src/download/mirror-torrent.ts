import { readFile } from "node:fs/promises";
import type { Bus } from "@seedfleet/bus";
import type { HostPort, Mirror } from "@seedfleet/contracts";
import { pieceVerifiedEvent } from "@seedfleet/contracts";
import { openCatalog, openMirrors } from "@seedfleet/fleet";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { BenchError } from "../bench-error.ts";

export type MirrorWish = {
  readonly torrentFile: string;
  /** The piece-store that is to keep it. */
  readonly holder: string;
  readonly peers: readonly HostPort[];
  /** A piece is on disk. */
  readonly got?: (piece: number) => void;
};

/** Has the fleet behind a bus download a torrent, and resolves when every piece is on disk. */
export async function mirrorTorrent(bus: Bus, wish: MirrorWish): Promise<void> {
  const bytes = await readFile(wish.torrentFile);
  const metainfo = parseMetainfo(bytes);
  if (metainfo.kind !== "metainfo") throw new BenchError(`${wish.torrentFile} is no torrent`);
  const { infoHash, pieceCount } = metainfo;
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const mirrors = await openMirrors(bus, silentTelemetry.log);
  await catalog.putMetainfo(infoHash, bytes);
  const verified = new Set<number>();
  const { promise: complete, resolve } = Promise.withResolvers<void>();
  const hearing = bus.subscribe(pieceVerifiedEvent, { params: { infoHash } }, ({ piece }) => {
    if (!verified.has(piece)) wish.got?.(piece);
    verified.add(piece);
    if (verified.size === pieceCount) resolve();
  });
  await mirrors.add(mirrorOf(metainfo, wish));
  await complete;
  hearing.unsubscribe();
}

function mirrorOf({ infoHash, name }: Metainfo, { holder, peers }: MirrorWish): Mirror {
  return {
    ...{ infoHash, infoHashV2: null, name, trackers: [], webSeeds: [], peers, holder },
    ...{ purpose: "mirror", gateways: 1, dht: false, addedAtMs: systemClock.nowMs() },
  };
}
