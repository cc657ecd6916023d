export { type BudgetAsk, BudgetBook } from "./budget-book.ts";
export { DemandTally } from "./demand-tally.ts";
export { HeldParts } from "./held-parts.ts";
export type { PeerShare, TorrentShare, UploadDemand } from "./shares.ts";
export { type LimitDemand, splitLimit } from "./split-limit.ts";
export { BURST_MS } from "./token-bucket.ts";
export {
  type GatewayLimits,
  type PeerLimits,
  PROMISED_SHARE_MAX,
  type TorrentLimits,
  UPLOAD_CLASSES_MAX,
} from "./upload-limits.ts";
export { UploadShares } from "./upload-shares.ts";
