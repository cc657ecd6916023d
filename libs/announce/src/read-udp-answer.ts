import { type AddressFamily, compactEndpoints } from "@seedfleet/bytes";
import {
  type AnswerViolation,
  intervalsOf,
  peerAddress,
  shownText,
  type TrackerRefusal,
  type TrackerReply,
} from "./announce-answer.ts";
import { TRACKER_PEERS_MAX } from "./announce-limits.ts";
import { UDP_ANNOUNCE, UDP_CONNECT, UDP_ERROR } from "./udp-layout.ts";

const ANSWER_HEAD_BYTES = 8;
const CONNECT_ANSWER_BYTES = 16;
const PEERS_AT = 20;

/** The id that a tracker gave: 8 bytes, to be sent with what follows. */
export type UdpConnected = { readonly kind: "connected"; readonly connectionId: Uint8Array };

export type UdpAnswer = UdpConnected | TrackerReply | TrackerRefusal | AnswerViolation;

/** Which request a packet answers; null for one too short to be an answer. */
export function udpTransactionId(packet: Uint8Array): number | null {
  return packet.length < ANSWER_HEAD_BYTES ? null : viewOf(packet).getUint32(4);
}

/**
 * Reads what a tracker sent (BEP 15). Which addresses are in it depends on the family of the socket
 * alone. What is no answer to a connect or an announce is a violation.
 */
export function readUdpAnswer(packet: Uint8Array, family: AddressFamily): UdpAnswer {
  if (packet.length < ANSWER_HEAD_BYTES) return INVALID;
  const action = viewOf(packet).getUint32(0);
  if (action === UDP_CONNECT && packet.length >= CONNECT_ANSWER_BYTES) {
    const id = packet.subarray(ANSWER_HEAD_BYTES, CONNECT_ANSWER_BYTES);
    return { kind: "connected", connectionId: Uint8Array.from(id) };
  }
  if (action === UDP_ANNOUNCE && packet.length >= PEERS_AT) return reply(packet, family);
  if (action === UDP_ERROR) {
    const reason = Buffer.from(packet.subarray(ANSWER_HEAD_BYTES)).toString("utf8");
    return { kind: "refusal", reason: shownText(reason), retryInMs: null };
  }
  return INVALID;
}

const INVALID: AnswerViolation = { kind: "violation", code: "udp-answer-invalid" };

function reply(packet: Uint8Array, family: AddressFamily): TrackerReply {
  const view = viewOf(packet);
  const endpoints = compactEndpoints(packet.subarray(PEERS_AT), family);
  return {
    kind: "reply",
    peers: [...endpoints.take(TRACKER_PEERS_MAX)].map(({ endpoint }) => peerAddress(endpoint)),
    ...intervalsOf(view.getUint32(8), null),
    leechers: view.getUint32(12),
    seeders: view.getUint32(16),
    trackerId: null,
    warning: null,
  };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
