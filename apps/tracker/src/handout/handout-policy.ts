/** What a policy knows of a swarm when a leecher asks. */
export type SwarmSnapshot = {
  /** Peers of it that have the whole torrent. */
  readonly seeders: number;
  /** All others. */
  readonly leechers: number;
};

/** Who is told of whom: pure, so that a policy is two decisions and their tests. */
export type HandoutPolicy = {
  /**
   * How many gateways a reply hands out, of the `gatewaysMax` (1 or more) that the settings allow,
   * where it has room for `numWant` peers in all.
   */
  readonly gatewaysOf: (gatewaysMax: number, numWant: number, swarm: SwarmSnapshot) => number;
  /** Whether gateways and peers of the asker's zone come before others. */
  readonly nearFirst: boolean;
};

export type HandoutPolicyName = "random" | "completeness" | "nearest";

export const HANDOUT_POLICY_NAMES: readonly HandoutPolicyName[] = [
  "random",
  "completeness",
  "nearest",
];

/** So many complete peers in a reply do for one gateway: many are slow or out of reach. */
const COMPLETE_PEERS_PER_GATEWAY = 8;

/**
 * A reply has one gateway even then: whether peers are complete is what they say of themselves, and
 * whoever lies must not be able to keep a newcomer from the content.
 */
const PROTECTED_GATEWAYS_MIN = 1;

/**
 * `random`: as many gateways as allowed, then anybody. `completeness`: fewer gateways, the more
 * complete peers the reply is likely to have. `nearest`: as `random`, the asker's own zone first.
 */
export const HANDOUT_POLICIES: Readonly<Record<HandoutPolicyName, HandoutPolicy>> = {
  random: { gatewaysOf: (gatewaysMax) => gatewaysMax, nearFirst: false },
  completeness: { gatewaysOf: protectedGateways, nearFirst: false },
  nearest: { gatewaysOf: (gatewaysMax) => gatewaysMax, nearFirst: true },
};

/**
 * Goes by the complete peers that a reply drawn from the whole swarm has on average, not by how
 * many there are: fifty among ten thousand leechers do nobody any good.
 */
function protectedGateways(gatewaysMax: number, numWant: number, swarm: SwarmSnapshot): number {
  const { seeders, leechers } = swarm;
  const peers = seeders + leechers;
  const complete = peers <= numWant ? seeders : (seeders / peers) * numWant;
  const spared = Math.floor(complete / COMPLETE_PEERS_PER_GATEWAY);
  return Math.max(PROTECTED_GATEWAYS_MIN, gatewaysMax - spared);
}
