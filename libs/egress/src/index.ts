export { type LimitDemand, splitLimit } from "./split-limit.ts";
export { BURST_MS } from "./token-bucket.ts";
