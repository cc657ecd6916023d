export { compactEndpoints } from "./compact-endpoints.ts";
export { copyBytes } from "./copy-bytes.ts";
export { downloadTraceId } from "./download-trace-id.ts";
export {
  type Endpoint,
  endpointFamily,
  endpointFromBytes,
  endpointHost,
  endpointOf,
  endpointPort,
} from "./endpoint.ts";
export {
  INFO_HASH_BYTES,
  type InfoHash,
  infoHashBytes,
  infoHashFromBytes,
  parseInfoHash,
} from "./info-hash.ts";
export { InfoHashTable } from "./info-hash-table.ts";
export { type InfoHashV2, parseInfoHashV2, truncatedInfoHash } from "./info-hash-v2.ts";
export {
  type AddressFamily,
  type IpAddress,
  ipAddressBytes,
  ipAddressFamily,
  ipAddressFromBytes,
  ipAddressText,
  parseIpAddress,
} from "./ip-address.ts";
export { MemoryPool } from "./memory-pool.ts";
export {
  PEER_ID_BYTES,
  type PeerId,
  parsePeerId,
  peerIdBytes,
  peerIdFromBytes,
} from "./peer-id.ts";
export { type Places, placesBetween, placesLength } from "./places.ts";
