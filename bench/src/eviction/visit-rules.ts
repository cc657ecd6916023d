import { visit, visitorMark } from "@seedfleet/eviction";
import type { Batch } from "./trace.ts";

/** When a hit leaves which mark. A policy counts the low seven bits; the high one says "lately". */
export type VisitRule = (visited: Uint8Array, slot: number, batch: Batch) => void;

type VisitRuleName = "batch" | "first" | "peers";

const COUNTED = 0x7f;
const LATELY = 0x80;

/** What could be meant by a visit; the last is what `@seedfleet/eviction` means. */
export const VISIT_RULES: Readonly<Record<VisitRuleName, VisitRule>> = {
  /** Each batch of requests that a peer sends. */
  batch: (visited, slot) => {
    const counted = (((visited[slot] ?? 0) << 1) | 1) & COUNTED;
    visited[slot] = counted | LATELY;
  },

  /** The piece's first block, for which a peer asks once. */
  first: (visited, slot, { isFirst }) => {
    const marks = visited[slot] ?? 0;
    const counted = isFirst ? ((marks << 1) | 1) & COUNTED : marks;
    visited[slot] = counted | LATELY;
  },

  /** A peer other than those before. */
  peers: (visited, slot, { peer }) => visit(visited, slot, visitorMark(peer)),
};
