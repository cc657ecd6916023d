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
  | "peer-is-seed"
  | "pieces-gone"
  | "store-away"
  | "idle"
  | "send-stalled"
  | "draining";
