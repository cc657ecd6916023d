export {
  type CachedBytes,
  type CanGo,
  type EvictionLimits,
  type EvictionPolicy,
  makeRoom,
  REFUSALS_MAX,
} from "./eviction-policy.ts";
export { PassingKeys } from "./passing-keys.ts";
export { S3FifoPolicy, type S3FifoTuning } from "./s3-fifo-policy.ts";
export { visit, visitorMark } from "./visitors.ts";
