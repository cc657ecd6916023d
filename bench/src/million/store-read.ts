import type { Bus } from "@seedfleet/bus";
import { readPieceCall } from "@seedfleet/contracts";
import { pieceLengthAt, verifyPiece } from "@seedfleet/metainfo";
import { BenchError } from "../bench-error.ts";
import type { Published } from "./bulk-torrents.ts";

/** Milliseconds in which the torrent's holder gives its first piece over the bus, hash checked. */
export async function storeRead(bus: Bus, { entry, metainfo }: Published): Promise<number> {
  const [source] = entry.sources;
  if (source === undefined) throw new BenchError(`${entry.name} has no source`);
  const { holder } = source;
  const { infoHash } = entry;
  const length = pieceLengthAt(metainfo, 0);
  const request = { infoHash, piece: 0, begin: 0, length, verify: false };
  const beganMs = performance.now();
  const chunks: Uint8Array[] = [];
  for await (const chunk of bus.stream(readPieceCall, { holder }, request)) chunks.push(chunk);
  const tookMs = performance.now() - beganMs;
  if (verifyPiece(metainfo, 0, Buffer.concat(chunks))) return tookMs;
  throw new BenchError(`the store gave wrong bytes of ${entry.name}`);
}
