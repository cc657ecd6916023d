import {
  UDP_ADDRESS_AT,
  UDP_ANNOUNCE_BYTES,
  UDP_DOWNLOADED_AT,
  UDP_EVENT_AT,
  UDP_EVENTS,
  UDP_INFO_HASH_AT,
  UDP_LEFT_AT,
  UDP_NUM_WANT_AT,
  UDP_PEER_ID_AT,
  UDP_PORT_AT,
  UDP_UPLOADED_AT,
} from "@seedfleet/announce";
import type { SourceAddress } from "./connection-ids.ts";
import { copyBytes, int32At, int64At, uint16At } from "./network-order.ts";
import type { UdpAnnounceRequest } from "./udp-announces.ts";
import { UDP_IPV4_PEERS_MAX, UDP_IPV6_PEERS_MAX } from "./udp-limits.ts";
import {
  ANNOUNCE_CUT,
  EVENT_INVALID,
  NUMBER_INVALID,
  OPTIONS_MALFORMED,
  PASSKEY_MALFORMED,
  PORT_INVALID,
  type UdpRefusal,
} from "./udp-refusal.ts";
import type { UrlData } from "./url-data.ts";

/** What a client says that does not know what is left: -1 as it fills all 64 bits. */
const LEFT_UNKNOWN = -1;

export type UdpAnnounceFields = {
  /** May be longer than the announce in it, which has `length` bytes. */
  readonly packet: Uint8Array;
  readonly length: number;
  readonly source: SourceAddress;
  /** Whether the source may announce another IPv4 address than its own. */
  readonly trusted: boolean;
};

/** Reads an announce into `request`, or says why not. The `key` field tells us nothing. */
export function parseUdpAnnounce(
  fields: UdpAnnounceFields,
  request: UdpAnnounceRequest,
  urlData: UrlData,
): UdpRefusal | null {
  const { packet, length } = fields;
  if (length < UDP_ANNOUNCE_BYTES) return ANNOUNCE_CUT;
  request.passkey = null;
  if (length > UDP_ANNOUNCE_BYTES) {
    if (!urlData.read(packet, UDP_ANNOUNCE_BYTES, length)) return OPTIONS_MALFORMED;
    const passkey = urlData.passkey();
    if (passkey === false) return PASSKEY_MALFORMED;
    request.passkey = passkey;
  }
  const event = UDP_EVENTS[int32At(packet, UDP_EVENT_AT)];
  if (event === undefined) return EVENT_INVALID;
  request.event = event;
  if (uint16At(packet, UDP_PORT_AT) === 0) return PORT_INVALID;
  copyBytes({ bytes: packet, at: UDP_INFO_HASH_AT }, request.infoHash, 20);
  copyBytes({ bytes: packet, at: UDP_PEER_ID_AT }, request.peerId, 20);
  readEndpoint(fields, request);
  return readNumbers(packet, request) ? null : NUMBER_INVALID;
}

function readEndpoint(fields: UdpAnnounceFields, request: UdpAnnounceRequest): void {
  const { packet, source, trusted } = fields;
  const { address, addressBytes } = source;
  // The field holds IPv4 only, so over IPv6 it means nothing (BEP 15).
  const named = trusted && addressBytes === 4 && int32At(packet, UDP_ADDRESS_AT) !== 0;
  const from = named ? { bytes: packet, at: UDP_ADDRESS_AT } : { bytes: address, at: 0 };
  const { endpoint } = request;
  copyBytes(from, endpoint, addressBytes);
  endpoint[addressBytes] = packet[UDP_PORT_AT] as number;
  endpoint[addressBytes + 1] = packet[UDP_PORT_AT + 1] as number;
  request.endpointBytes = addressBytes === 4 ? 6 : 18;
}

/** False for totals no client has. */
function readNumbers(packet: Uint8Array, request: UdpAnnounceRequest): boolean {
  const downloaded = int64At(packet, UDP_DOWNLOADED_AT);
  const uploaded = int64At(packet, UDP_UPLOADED_AT);
  if (!isTotal(downloaded) || !isTotal(uploaded)) return false;
  request.downloadedBytes = downloaded;
  request.uploadedBytes = uploaded;
  const left = int64At(packet, UDP_LEFT_AT);
  if (left < LEFT_UNKNOWN) return false;
  // Transmission says 2^63 - 1 of a torrent whose size it does not know yet.
  request.leftBytes = left < 0 || left > Number.MAX_SAFE_INTEGER ? null : left;
  const numWant = int32At(packet, UDP_NUM_WANT_AT);
  const max = request.endpointBytes === 6 ? UDP_IPV4_PEERS_MAX : UDP_IPV6_PEERS_MAX;
  // -1 is the default; other negative numbers are clients that mean the same.
  request.numWant = numWant < 0 ? null : Math.min(numWant, max);
  return true;
}

function isTotal(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
