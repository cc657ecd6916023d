import { type InfoHash, type InfoHashV2, truncatedInfoHash } from "@seedfleet/bytes";

type Named = { readonly infoHash: InfoHash; readonly infoHashV2: InfoHashV2 | null };

/** The info hashes that trackers and the DHT know a torrent by: a hybrid's two are two swarms. */
export function swarmsOf({ infoHash, infoHashV2 }: Named): readonly InfoHash[] {
  const second = infoHashV2 === null ? infoHash : truncatedInfoHash(infoHashV2);
  return second === infoHash ? [infoHash] : [infoHash, second];
}
