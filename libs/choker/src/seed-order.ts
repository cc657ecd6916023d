import type { PeerSnapshot } from "./choker-model.ts";
import { byLongestWait, byUploadRate } from "./order.ts";
import type { SeedPeer } from "./unchoke-model.ts";

/** How a seed chooses. `legout` is no order but rounds of its own, see `seedRound`. */
export type SeedPolicy = "round_robin" | "fastest_upload" | "anti_leech" | "legout";

export type TorrentSize = {
  readonly pieceLengthBytes: number;
  readonly contentBytes: number;
};

type Order = (a: SeedPeer, b: SeedPeer) => number;

/** A turn is over after so long and so many pieces, whichever comes later (libtorrent). */
const TURN_MS = 60_000;
const TURN_PIECES = 20;

/** Whether a peer that holds a slot has had its turn. */
export function isTurnOver(peer: SeedPeer, torrent: TorrentSize, nowMs: number): boolean {
  const since = peer.unchokedAtMs ?? Number.NEGATIVE_INFINITY;
  const enoughBytes = TURN_PIECES * torrent.pieceLengthBytes;
  return !peer.amChoking && nowMs - since >= TURN_MS && peer.turnBytes > enoughBytes;
}

/** The order of a policy, whoever deserves a slot most first. It is total: ties go by wait, key. */
export function seedOrder(
  policy: Exclude<SeedPolicy, "legout">,
  torrent: TorrentSize,
  nowMs: number,
): Order {
  if (policy === "fastest_upload") return byServedRate;
  const isOver = (peer: SeedPeer): number => Number(isTurnOver(peer, torrent, nowMs));
  if (policy === "round_robin") {
    return (a, b) => isOver(a) - isOver(b) || holdersFirst(a, b) || byLongestWait(a, b);
  }
  const score = (peer: SeedPeer): number => antiLeechScore(peer, torrent, nowMs);
  return (a, b) => score(b) - score(a) || holdersFirst(a, b) || byLongestWait(a, b);
}

/** Bytes on their way to a choked peer would rank it, so its rate counts as none. */
function byServedRate(a: SeedPeer, b: SeedPeer): number {
  if (a.amChoking && b.amChoking) return byLongestWait(a, b);
  return Number(a.amChoking) - Number(b.amChoking) || byUploadRate(a, b);
}

/**
 * From 0 in the middle of the download to 1,000 at both ends, so those who just began or are
 * almost done win (libtorrent's `anti_leech`). Who hides what it has is taken to have what we sent
 * it. What it gets in this turn counts once the turn is over, else each round would move each slot.
 */
export function antiLeechScore(peer: SeedPeer, torrent: TorrentSize, nowMs: number): number {
  const { contentBytes } = torrent;
  const keeps = !peer.amChoking && !isTurnOver(peer, torrent, nowMs);
  const ofTurn = keeps ? peer.turnBytes : 0;
  const half = contentBytes / 2;
  const sent = Math.min(Math.max(0, peer.sentBytes - ofTurn), half);
  const have = Math.max(sent, (peer.haveBytes ?? 0) - ofTurn);
  return Math.floor((Math.abs(have - half) * 2_000) / contentBytes);
}

function holdersFirst(a: PeerSnapshot, b: PeerSnapshot): number {
  return Number(a.amChoking) - Number(b.amChoking);
}
