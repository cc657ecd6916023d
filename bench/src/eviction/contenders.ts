import { type EvictionLimits, S3FifoPolicy, type S3FifoTuning } from "@seedfleet/eviction";
import { LruPolicy, SievePolicy } from "@seedfleet/eviction/testing";
import type { Contender } from "./simulate.ts";
import { VISIT_RULES } from "./visit-rules.ts";

/** S3-FIFO as its paper has it: a tenth for new pieces, and ghosts of these only. */
const OF_THE_PAPER: S3FifoTuning = {
  smallShareMin: 0.1,
  smallShareMax: 0.1,
  smallGhostShare: 0.9,
  mainGhostShare: 0,
};

const lru = (limits: EvictionLimits): LruPolicy => new LruPolicy(limits);
const sieve = (limits: EvictionLimits): SievePolicy => new SievePolicy(limits);
const paper = (limits: EvictionLimits): S3FifoPolicy => new S3FifoPolicy(limits, OF_THE_PAPER);
const ours = (limits: EvictionLimits): S3FifoPolicy => new S3FifoPolicy(limits);

const { batch, first, peers } = VISIT_RULES;

/** Policy and, behind the colon, what counts as a visit. LRU looks at no marks. */
export const CONTENDERS: readonly Contender[] = [
  { name: "lru", policy: lru, visit: batch },
  { name: "sieve:batch", policy: sieve, visit: batch },
  { name: "sieve:peers", policy: sieve, visit: peers },
  { name: "s3fifo:batch", policy: paper, visit: batch },
  { name: "s3fifo:peers", policy: paper, visit: peers },
  { name: "ours:batch", policy: ours, visit: batch },
  { name: "ours:first", policy: ours, visit: first },
  { name: "ours:peers", policy: ours, visit: peers },
];
