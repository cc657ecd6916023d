export {
  type AnnounceAnswer,
  type AnswerViolation,
  type PeerAddress,
  shownText,
  type TrackerRefusal,
  type TrackerReply,
} from "./announce-answer.ts";
export type { AnnounceEvent, AnnounceFields } from "./announce-fields.ts";
export {
  BACKOFF_MS_MAX,
  INTERVAL_MS_MAX,
  NUM_WANT,
  TRACKER_ANSWER_BYTES_MAX,
  TRACKER_PEERS_MAX,
  TRACKERS_TRIED_MAX,
  UDP_TRIES_MAX,
} from "./announce-limits.ts";
export type { Chance } from "./chance.ts";
export { httpAnnounceUrl } from "./http-announce-url.ts";
export { readHttpAnswer } from "./read-http-answer.ts";
export { readUdpAnswer, type UdpAnswer, type UdpConnected } from "./read-udp-answer.ts";
export { backoffMs, type TrackerState } from "./tracker-entry.ts";
export {
  type AnnounceFailure,
  type AnnounceStep,
  type TrackerStatus,
  TrackerTiers,
  type WaitStep,
} from "./tracker-tiers.ts";
export {
  parseTrackerUrl,
  type TrackerScheme,
  type TrackerUrl,
  trackerLabel,
  withoutSecrets,
} from "./tracker-url.ts";
export {
  UDP_CONNECTION_MS,
  type UdpConnection,
  UdpExchange,
  type UdpExchangeOptions,
  udpWaitMs,
} from "./udp-exchange.ts";
export {
  UDP_ADDRESS_AT,
  UDP_ANNOUNCE,
  UDP_ANNOUNCE_BYTES,
  UDP_CONNECT,
  UDP_DOWNLOADED_AT,
  UDP_ERROR,
  UDP_EVENT_AT,
  UDP_EVENTS,
  UDP_INFO_HASH_AT,
  UDP_LEFT_AT,
  UDP_NUM_WANT_AT,
  UDP_PEER_ID_AT,
  UDP_PORT_AT,
  UDP_PROTOCOL_ID_HIGH,
  UDP_PROTOCOL_ID_LOW,
  UDP_REQUEST_HEAD_BYTES,
  UDP_SCRAPE,
  UDP_UPLOADED_AT,
  UDP_URL_DATA,
} from "./udp-layout.ts";
export { type UdpAnnounceHead, udpAnnouncePacket, udpConnectPacket } from "./udp-packets.ts";
