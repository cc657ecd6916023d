export { LruPolicy } from "./lru-policy.ts";
export { SievePolicy } from "./sieve-policy.ts";
