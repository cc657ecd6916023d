import { infoHashBytes, peerIdBytes } from "@seedfleet/bytes";
import { type AnnounceFields, leftToSay } from "./announce-fields.ts";
import type { TrackerUrl } from "./tracker-url.ts";

/** What stands in a query as it is (RFC 3986, section 2.3). */
const UNRESERVED = /[-.~\w]/;

/**
 * The URL of an announce (BEP 3, 7, 23). A query of the tracker's own, such as a passkey, stays
 * before ours. The address is left out: the tracker sees where we come from.
 */
export function httpAnnounceUrl({ href }: TrackerUrl, fields: AnnounceFields): string {
  const parameters = [
    `info_hash=${percentEncoded(infoHashBytes(fields.infoHash))}`,
    `peer_id=${percentEncoded(peerIdBytes(fields.peerId))}`,
    `port=${fields.port}`,
    `uploaded=${fields.uploadedBytes}`,
    `downloaded=${fields.downloadedBytes}`,
    `left=${leftToSay(fields)}`,
    "compact=1",
    "no_peer_id=1",
    `numwant=${fields.numWant}`,
    `key=${(fields.key >>> 0).toString(16).padStart(8, "0")}`,
  ];
  if (fields.event !== null) parameters.push(`event=${fields.event}`);
  if (fields.trackerId !== null) parameters.push(`trackerid=${percentEncoded(fields.trackerId)}`);
  return href + joint(href) + parameters.join("&");
}

function joint(href: string): string {
  if (!href.includes("?")) return "?";
  return href.endsWith("?") || href.endsWith("&") ? "" : "&";
}

function percentEncoded(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    const isPlain = UNRESERVED.test(character);
    text += isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}
