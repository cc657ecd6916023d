import { createHash } from "node:crypto";
import { type InfoHash, infoHashBytes } from "./info-hash.ts";
import { type PeerId, peerIdBytes } from "./peer-id.ts";

/** W3C Trace Context: a trace id is 16 bytes. */
const TRACE_ID_BYTES = 16;

/**
 * The trace id of one download: the first 16 bytes of SHA-256(info hash, peer id), in hex. Tracker
 * and gateway see the same two values, so both reach the same trace without a word between them.
 */
export function downloadTraceId(infoHash: InfoHash, peerId: PeerId): string {
  const digest = createHash("sha256")
    .update(infoHashBytes(infoHash))
    .update(peerIdBytes(peerId))
    .digest();
  return digest.subarray(0, TRACE_ID_BYTES).toString("hex");
}
