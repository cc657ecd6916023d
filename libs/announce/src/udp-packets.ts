import { infoHashBytes, peerIdBytes } from "@seedfleet/bytes";
import { type AnnounceFields, leftToSay } from "./announce-fields.ts";
import {
  UDP_ANNOUNCE,
  UDP_ANNOUNCE_BYTES,
  UDP_CONNECT,
  UDP_DOWNLOADED_AT,
  UDP_EVENT_AT,
  UDP_EVENTS,
  UDP_INFO_HASH_AT,
  UDP_KEY_AT,
  UDP_LEFT_AT,
  UDP_NUM_WANT_AT,
  UDP_PEER_ID_AT,
  UDP_PORT_AT,
  UDP_PROTOCOL_ID_HIGH,
  UDP_PROTOCOL_ID_LOW,
  UDP_REQUEST_HEAD_BYTES,
  UDP_UPLOADED_AT,
  UDP_URL_DATA,
} from "./udp-layout.ts";

const OPTION_BYTES_MAX = 255;

export function udpConnectPacket(transactionId: number): Uint8Array {
  const packet = Buffer.alloc(UDP_REQUEST_HEAD_BYTES);
  packet.writeUInt32BE(UDP_PROTOCOL_ID_HIGH, 0);
  packet.writeUInt32BE(UDP_PROTOCOL_ID_LOW, 4);
  packet.writeUInt32BE(UDP_CONNECT, 8);
  packet.writeUInt32BE(transactionId, 12);
  return packet;
}

export type UdpAnnounceHead = {
  /** 8 bytes, as the tracker gave them. */
  readonly connectionId: Uint8Array;
  readonly transactionId: number;
  /** Path and query of the tracker's URL (BEP 41). */
  readonly pathAndQuery: string;
};

/** An announce with the tracker's path behind it. The address is left out. */
export function udpAnnouncePacket(head: UdpAnnounceHead, fields: AnnounceFields): Uint8Array {
  const packet = Buffer.alloc(UDP_ANNOUNCE_BYTES);
  packet.set(head.connectionId, 0);
  packet.writeUInt32BE(UDP_ANNOUNCE, 8);
  packet.writeUInt32BE(head.transactionId, 12);
  packet.set(infoHashBytes(fields.infoHash), UDP_INFO_HASH_AT);
  packet.set(peerIdBytes(fields.peerId), UDP_PEER_ID_AT);
  packet.writeBigUInt64BE(BigInt(fields.downloadedBytes), UDP_DOWNLOADED_AT);
  packet.writeBigUInt64BE(BigInt(leftToSay(fields)), UDP_LEFT_AT);
  packet.writeBigUInt64BE(BigInt(fields.uploadedBytes), UDP_UPLOADED_AT);
  packet.writeUInt32BE(UDP_EVENTS.indexOf(fields.event), UDP_EVENT_AT);
  packet.writeUInt32BE(fields.key >>> 0, UDP_KEY_AT);
  packet.writeInt32BE(fields.numWant, UDP_NUM_WANT_AT);
  packet.writeUInt16BE(fields.port, UDP_PORT_AT);
  return Buffer.concat([packet, urlOptions(head.pathAndQuery)]);
}

/** In as many options as it takes; none for no path. */
function urlOptions(pathAndQuery: string): Uint8Array {
  const bytes = Buffer.from(pathAndQuery);
  const options: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += OPTION_BYTES_MAX) {
    const part = bytes.subarray(at, at + OPTION_BYTES_MAX);
    options.push(Uint8Array.of(UDP_URL_DATA, part.length), part);
  }
  return Buffer.concat(options);
}
