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
export { rateBasedSlots } from "./rate-based-slots.ts";
export type { SeedPolicy, TorrentSize } from "./seed-order.ts";
export {
  initialSeedState,
  type SeedConfig,
  type SeedRound,
  type SeedState,
  seedRound,
} from "./seed-round.ts";
export { settleLeech } from "./settle-leech.ts";
export { type SettlingPeer, settleSlots } from "./settle-slots.ts";
export {
  type SharedSlots,
  type SlotCredits,
  shareSlots,
  type TorrentDemand,
} from "./share-slots.ts";
export { SuperSeed } from "./super-seed.ts";
export {
  SUPER_SEED_PATIENCE_MS,
  SUPER_SEED_PATIENCE_MS_MIN,
  SUPER_SEED_SILENCE_MS_MAX,
  SuperSeeding,
  type SuperSeedOffer,
  type SuperSeedReport,
} from "./super-seeding.ts";
export type {
  Because,
  OptimisticTurn,
  SeedPeer,
  Unchoke,
  UnchokeDecision,
} from "./unchoke-model.ts";
export { autoSlots, UNCHOKE_SLOTS_AUTO_MAX } from "./unchoke-slots.ts";
