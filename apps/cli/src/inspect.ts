import { type Magnet, type Metainfo, parseMagnet, parseMetainfo } from "@seedfleet/metainfo";
import { describeMagnet, describeTorrent } from "./describe-torrent.ts";
import type { InspectOptions } from "./inspect-options.ts";
import { metainfoRefused } from "./metainfo-refused.ts";
import { nameOf, readTorrent } from "./read-torrent.ts";
import { magnetText, torrentText } from "./torrent-text.ts";

const MAGNET = /^\s*magnet:/i;

/** Enough to tell a magnet link from anything bencoded. */
const HEAD_BYTES = 64;

/** `seedfleet inspect`: prints what a torrent says. Throws its violation where we take it not. */
export async function inspect(
  options: InspectOptions,
  print: (text: string) => void,
): Promise<void> {
  const torrent = await readAny(options.torrent);
  if (torrent.kind === "magnet") {
    const described = describeMagnet(torrent);
    return print(options.json ? `${JSON.stringify(described)}\n` : magnetText(described));
  }
  const described = describeTorrent(torrent);
  print(options.json ? `${JSON.stringify(described)}\n` : torrentText(described, options));
}

/** A link may also come in a file: what is bencoded never begins like one. */
async function readAny(torrent: string): Promise<Metainfo | Magnet> {
  if (MAGNET.test(torrent)) return readMagnet("the magnet link", torrent);
  const bytes = await readTorrent(torrent);
  const decoder = new TextDecoder();
  if (MAGNET.test(decoder.decode(bytes.subarray(0, HEAD_BYTES)))) {
    return readMagnet(nameOf(torrent), decoder.decode(bytes));
  }
  const parsed = parseMetainfo(bytes);
  if (parsed.kind === "violation") throw metainfoRefused(nameOf(torrent), parsed);
  return parsed;
}

function readMagnet(subject: string, text: string): Magnet {
  const parsed = parseMagnet(text.trim());
  if (parsed.kind === "violation") throw metainfoRefused(subject, parsed);
  return parsed;
}
