import { BenchError } from "../bench-error.ts";
import type { AnnouncedPeers } from "./announced-peers.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadPace } from "./load-pace.ts";

/** What a load has done so far. */
export class LoadTally {
  answered = 0;
  lost = 0;
  /** TCP connections that were opened. */
  opened = 0;
  /** Peers in all answers. */
  peers = 0;
  readonly latency: LatencyHistogram = new LatencyHistogram();
}

/** Announces that go to one tracker. */
export interface AnnounceLoad extends Disposable {
  /** Takes what has come and sends what is due; false when there was nothing to do. Never waits. */
  turn(nowMs: number): boolean;
  /** Sleeps until something comes, or for so long. */
  wait(timeoutMs: number): void;
}

export type LoadParts = {
  readonly peers: AnnouncedPeers;
  readonly pace: LoadPace;
  readonly tally: LoadTally;
  readonly numWant: number;
  /**
   * Whether the tracker must know by now whoever it has answered: one that has several threads may
   * take a moment to tell the others.
   */
  readonly exact: boolean;
  /** Whether nobody else has announced to it, now or before. */
  readonly fresh: boolean;
};

/** What was said about a swarm, and what was known when it was asked for. */
export type SwarmAnswer = {
  readonly swarm: number;
  readonly leechers: number;
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** Peers of the swarm that the tracker had answered when this announce was sent. */
  readonly knownAtLeast: number;
};

const ENDPOINT_BYTES = 6;

/**
 * Fails on an answer that cannot be right: of how many peers there are and how many it hands out,
 * and of peers that nobody announced. The asker itself may be among them or not.
 */
export function checkAnswer(answer: SwarmAnswer, parts: LoadParts): void {
  const { swarm, leechers, bytes, from, to, knownAtLeast } = answer;
  const { peers, numWant, exact, fresh } = parts;
  const count = (to - from) / ENDPOINT_BYTES;
  const sent = peers.sent(swarm);
  if (count > numWant) throw wrong(answer, `has ${count} peers, and ${numWant} were wanted`);
  if (exact && count < Math.min(numWant, knownAtLeast)) {
    throw wrong(answer, `has ${count} peers of a swarm of at least ${knownAtLeast}`);
  }
  if (exact && leechers < knownAtLeast) {
    throw wrong(answer, `tells ${leechers} leechers of a swarm of at least ${knownAtLeast}`);
  }
  if (fresh && (leechers > sent || count > sent)) {
    throw wrong(answer, `tells ${leechers} leechers and ${count} peers of a swarm of ${sent}`);
  }
  if (!peers.knows(swarm, bytes, { from, to })) {
    throw wrong(answer, "has a peer that nobody announced");
  }
  parts.tally.answered += 1;
  parts.tally.peers += count;
  peers.answer(swarm);
}

function wrong({ swarm, bytes, from, to }: SwarmAnswer, how: string): BenchError {
  const hex = Buffer.from(bytes.subarray(from, to)).toString("hex");
  return new BenchError(`an answer for swarm ${swarm} ${how}: ${hex}`);
}
