import {
  type HostPort,
  MIRROR_PEERS_MAX,
  MIRROR_TRACKERS_MAX,
  MIRROR_WEB_SEEDS_MAX,
  type Mirror,
} from "@seedfleet/contracts";

type Tiers = Mirror["trackers"];

/**
 * A mirror that is asked for again: it keeps its store and its purpose, has what either says of
 * where to find peers, its own first, and is announced or not as was said last; of files it has
 * those that were chosen last. `before` itself where that is nothing new.
 */
export function mergeMirrors(before: Mirror, wanted: Mirror): Mirror {
  const merged: Mirror = {
    ...before,
    infoHashV2: before.infoHashV2 ?? wanted.infoHashV2,
    name: before.name ?? wanted.name,
    trackers: mergeTiers(before.trackers, wanted.trackers),
    webSeeds: [...new Set([...before.webSeeds, ...wanted.webSeeds])].slice(0, MIRROR_WEB_SEEDS_MAX),
    peers: mergePeers(before.peers, wanted.peers),
    gateways: Math.max(before.gateways, wanted.gateways),
    dht: before.dht || wanted.dht,
    ...(wanted.announce === undefined ? {} : { announce: wanted.announce }),
    // Asked for again without one, as to look how it goes on, it is as it was.
    ...(wanted.choice === undefined ? {} : { choice: wanted.choice }),
  };
  return JSON.stringify(merged) === JSON.stringify(before) ? before : merged;
}

/** The second's tiers behind the first's, without trackers that came before; not too many. */
export function mergeTiers(first: Tiers, second: Tiers): Tiers {
  const seen = new Set<string>();
  const tiers: string[][] = [];
  for (const tier of [...first, ...second]) {
    const urls: string[] = [];
    for (const url of tier) {
      if (seen.has(url) || seen.size === MIRROR_TRACKERS_MAX) continue;
      seen.add(url);
      urls.push(url);
    }
    if (urls.length > 0) tiers.push(urls);
  }
  return tiers;
}

function mergePeers(first: readonly HostPort[], second: readonly HostPort[]): readonly HostPort[] {
  const peers = new Map([...first, ...second].map((peer) => [`${peer.port} ${peer.host}`, peer]));
  return [...peers.values()].slice(0, MIRROR_PEERS_MAX);
}
