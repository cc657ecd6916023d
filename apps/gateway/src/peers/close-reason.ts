import type { MseViolation } from "@seedfleet/mse";
import type { PeerViolation } from "./peer-session.ts";

/** Why a connection ended: a label of `seedfleet_gateway_closed_connections_total`. */
export type CloseReason =
  | PeerViolation["code"]
  | MseViolation["code"]
  | "not-encrypted"
  | "probe"
  | "peer-closed"
  | "handshake-timeout"
  | "torrent-unknown"
  | "torrent-unreadable"
  | "torrent-removed"
  | "torrent-other"
  | "own-peer-id"
  | "unreachable"
  | "gateway-full"
  | "address-full"
  | "address-refused"
  | "peer-is-seed"
  | "makes-room"
  | "piece-corrupt"
  | "pieces-gone"
  | "store-away"
  | "idle"
  | "send-stalled"
  | "draining";

/** Ends that only a peer brings about that breaks the protocol, or garbage that is no peer's. */
const OFFENCES: ReadonlySet<CloseReason> = new Set<CloseReason>([
  ...(["handshake-protocol", "message-too-long", "message-length"] as const),
  ...(["bitfield-wrong", "piece-out-of-range", "fast-not-agreed"] as const),
  ...(["request-out-of-range", "request-too-long"] as const),
  ...(["piece-corrupt", "blocks-unasked"] as const),
  ...(["metadata-flood", "pex-flood", "pieces-flood"] as const),
  "extension-handshake-invalid",
  ...(["metadata-message-invalid", "pex-message-invalid", "dont-have-message-invalid"] as const),
  ...(["mse-public-key", "mse-sync-lost", "mse-verification", "mse-padding-too-long"] as const),
  ...(["mse-initial-payload-too-long", "mse-waiting-too-long"] as const),
]);

/**
 * Whether a connection's end is held against where it came from. What an honest client does is
 * not: it asks for torrents that are gone, is slow, wants no encryption or nothing else.
 */
export function isOffence(reason: CloseReason): boolean {
  return OFFENCES.has(reason);
}
