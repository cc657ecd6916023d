export { downloadTraceId } from "./download-trace-id.ts";
export {
  INFO_HASH_BYTES,
  type InfoHash,
  infoHashBytes,
  infoHashFromBytes,
  parseInfoHash,
} from "./info-hash.ts";
export { type InfoHashV2, parseInfoHashV2, truncatedInfoHash } from "./info-hash-v2.ts";
export {
  PEER_ID_BYTES,
  type PeerId,
  parsePeerId,
  peerIdBytes,
  peerIdFromBytes,
} from "./peer-id.ts";
