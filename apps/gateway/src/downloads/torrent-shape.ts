import type { Metainfo } from "@seedfleet/metainfo";
import type { TorrentShape } from "@seedfleet/picker";

/**
 * The torrent as it is asked for. Of v2 alone what follows a file in its last piece lies nowhere
 * and is not on the wire (BEP 52); in v1 and hybrids padding is sent as zeros (BEP 47).
 */
export function downloadShape(
  metainfo: Pick<Metainfo, "version" | "files" | "pieceCount" | "pieceLengthBytes" | "sizeBytes">,
): TorrentShape {
  const { pieceCount, pieceLengthBytes, sizeBytes } = metainfo;
  const shape = { pieceCount, pieceLengthBytes, sizeBytes };
  if (metainfo.version !== "v2") return shape;
  const shorter = new Map<number, number>();
  for (const { offsetBytes, lengthBytes, padding } of metainfo.files) {
    const rest = lengthBytes % pieceLengthBytes;
    if (padding || rest === 0) continue;
    shorter.set(Math.floor((offsetBytes + lengthBytes) / pieceLengthBytes), rest);
  }
  return { ...shape, shorter };
}
