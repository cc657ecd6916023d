export type SwarmRates = {
  readonly sizeBytes: number;
  readonly seedBytesPerSecond: number;
  readonly leechers: number;
  readonly leecherBytesPerSecond: number;
};

/**
 * No swarm can have all its leechers done sooner, in seconds, where downlinks have no limit (Kumar
 * and Ross 2006): the seed sends each byte once, and all uplinks together send all that is wanted.
 */
export function swarmSecondsMin(rates: SwarmRates): number {
  const { sizeBytes, seedBytesPerSecond, leechers, leecherBytesPerSecond } = rates;
  const together = seedBytesPerSecond + leechers * leecherBytesPerSecond;
  return Math.max(sizeBytes / seedBytesPerSecond, (leechers * sizeBytes) / together);
}
