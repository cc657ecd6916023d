export {
  BEP3_UNCHOKE_SLOTS,
  CHOKE_ROUND_INTERVAL_MS,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  type PeerKey,
  type PeerSnapshot,
  peerKey,
} from "./choker-model.ts";
export {
  type FleetConfig,
  type FleetPeer,
  type FleetRound,
  fleetRound,
  rankedCount,
} from "./fleet-round.ts";
export {
  initialLeechState,
  isSnubbed,
  type LeechConfig,
  type LeechPeer,
  type LeechRound,
  type LeechState,
  leechRound,
  SNUBBED_AFTER_MS,
} from "./leech-round.ts";
export { initialOpenSlots, type OpenSlots, openSlots, type UplinkUse } from "./open-slots.ts";
export type { SeedPolicy, TorrentSize } from "./seed-order.ts";
export {
  initialSeedState,
  type SeedConfig,
  type SeedRound,
  type SeedState,
  seedRound,
} from "./seed-round.ts";
export { type SettlingPeer, settleSlots } from "./settle-slots.ts";
export {
  type SharedSlots,
  type SlotCredits,
  shareSlots,
  type TorrentDemand,
} from "./share-slots.ts";
export { SuperSeed } from "./super-seed.ts";
export type {
  Because,
  OptimisticTurn,
  SeedPeer,
  Unchoke,
  UnchokeDecision,
} from "./unchoke-model.ts";
export { autoSlots, UNCHOKE_SLOTS_AUTO_MAX } from "./unchoke-slots.ts";
