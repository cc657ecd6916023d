/**
 * How many peers each thread may have, of as many as the tracker may have: those it has, and the
 * same part of what is left. A swarm belongs to one thread, so one may have far more than another.
 */
export function peerRooms(peers: readonly number[], peersMax: number): readonly number[] {
  const all = peers.reduce((sum, count) => sum + count, 0);
  const more = Math.floor(Math.max(0, peersMax - all) / peers.length);
  return peers.map((count) => count + more);
}
