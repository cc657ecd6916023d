/**
 * How many peers each thread may have, of as many as the tracker may have: those it has, and all
 * that is left, since a swarm belongs to one thread and may be as large as that. Until this is said
 * again, as many more may get in as announce meanwhile.
 */
export function peerRooms(peers: readonly number[], peersMax: number): readonly number[] {
  const all = peers.reduce((sum, count) => sum + count, 0);
  const more = Math.max(0, peersMax - all);
  return peers.map((count) => count + more);
}
