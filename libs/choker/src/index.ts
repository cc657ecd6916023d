export { chokeRound } from "./choke-round.ts";
export {
  BEP3_UNCHOKE_SLOTS,
  CHOKE_ROUND_INTERVAL_MS,
  type ChokeDecision,
  type ChokeReason,
  type ChokeRound,
  type ChokerConfig,
  type ChokerState,
  initialChokerState,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  type PeerKey,
  type PeerSnapshot,
  peerKey,
} from "./choker-model.ts";
export { settleSlots } from "./settle-slots.ts";
export { UNCHOKE_SLOTS_AUTO_MAX } from "./unchoke-slots.ts";
