import { truncatedInfoHash } from "@seedfleet/bytes";
import type { Magnet, MagnetPeer } from "./magnet.ts";

/**
 * Writes a magnet link (BEP 9) that `parseMagnet()` reads back. The topics come first and as they
 * are, since there are readers that look for `xt=urn:btih:` in the text and unescape nothing. An
 * info hash that is but the head of the v2 one is no topic: there is no v1 torrent of that name.
 */
export function formatMagnet(
  magnet: Pick<Magnet, "infoHash"> & Partial<Omit<Magnet, "kind" | "version" | "infoHash">>,
): string {
  const { infoHash, infoHashV2 = null, name, trackers = [], webSeeds = [], peers = [] } = magnet;
  const parameters: string[] = [];
  if (infoHashV2 === null || infoHash !== truncatedInfoHash(infoHashV2)) {
    parameters.push(`xt=urn:btih:${infoHash}`);
  }
  if (infoHashV2 !== null) parameters.push(`xt=urn:btmh:1220${infoHashV2}`);
  if (typeof name === "string") parameters.push(`dn=${escaped(name)}`);
  parameters.push(
    ...trackers.map((url) => `tr=${escaped(url)}`),
    ...webSeeds.map((url) => `ws=${escaped(url)}`),
    ...peers.map((peer) => `x.pe=${escaped(formatPeer(peer))}`),
  );
  if (typeof magnet.selectOnly === "string") parameters.push(`so=${escaped(magnet.selectOnly)}`);
  return `magnet:?${parameters.join("&")}`;
}

function formatPeer({ host, port }: MagnetPeer): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A lone surrogate has no UTF-8, and encodeURIComponent would throw at it. */
function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
