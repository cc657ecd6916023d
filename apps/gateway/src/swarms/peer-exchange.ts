import type { PeerKey } from "@seedfleet/choker";
import { encodePexMessage, type PexAddress, type PexFlags, type PexPeer } from "@seedfleet/wire";

/** BEP 11: a message a minute … */
export const PEX_ROUND_INTERVAL_MS = 60_000;

/** … of no more than so many added and as many dropped. */
export const PEX_PEERS_PER_MESSAGE = 50;

/** Changes that wait for a round; of a swarm that changes faster the oldest are not told. */
export const PEX_BACKLOG_MAX = 500;

const PEER_FLAGS: PexFlags = {
  prefersEncryption: false,
  uploadOnly: false,
  supportsUtp: false,
  supportsHolepunch: false,
  reachable: false,
};

const GATEWAY_FLAGS: PexFlags = { ...PEER_FLAGS, uploadOnly: true, reachable: true };

/**
 * What the peers of one swarm are told of each other (BEP 11), and of the other gateways that serve
 * it. Pure: it keeps who is there and what was said.
 */
export class PeerExchange {
  readonly #listening = new Map<PeerKey, PexPeer>();
  readonly #added = new Map<PeerKey, PexPeer>();
  readonly #dropped = new Map<PeerKey, PexPeer>();
  #gateways: readonly PexAddress[] = [];

  /** A peer is there and says where it listens. */
  add(peerKey: PeerKey, { host, port }: PexAddress): void {
    const peer = { host, port, flags: PEER_FLAGS };
    this.#listening.set(peerKey, peer);
    keep(this.#added, peerKey, peer);
  }

  remove(peerKey: PeerKey): void {
    const peer = this.#listening.get(peerKey);
    if (peer === undefined) return;
    this.#listening.delete(peerKey);
    // Who came and went within a round was never told of.
    if (!this.#added.delete(peerKey)) keep(this.#dropped, peerKey, peer);
  }

  /** For a peer that has been told nothing yet: the gateways, then the peers that came last. */
  welcome(gateways: readonly PexAddress[]): Uint8Array | null {
    const peers = [...this.#listening.values()].slice(-PEX_PEERS_PER_MESSAGE);
    return message([...gateways.map(gatewayPeer), ...peers], []);
  }

  /** For everybody, when we go: the gateways once more, for who has forgotten them. */
  farewell(gateways: readonly PexAddress[]): Uint8Array | null {
    return message(gateways.map(gatewayPeer), []);
  }

  /** For all others, once a round: what changed since the last one. Null if nothing did. */
  round(gateways: readonly PexAddress[]): Uint8Array | null {
    const known = new Set(this.#gateways.map(keyOf));
    const now = new Set(gateways.map(keyOf));
    const added = gateways.filter((each) => !known.has(keyOf(each))).map(gatewayPeer);
    const dropped = this.#gateways.filter((each) => !now.has(keyOf(each)));
    this.#gateways = gateways;
    return message([...added, ...take(this.#added)], [...dropped, ...take(this.#dropped)]);
  }
}

function keep(peers: Map<PeerKey, PexPeer>, peerKey: PeerKey, peer: PexPeer): void {
  peers.set(peerKey, peer);
  const oldest = peers.size > PEX_BACKLOG_MAX ? peers.keys().next().value : undefined;
  if (oldest !== undefined) peers.delete(oldest);
}

function take(peers: Map<PeerKey, PexPeer>): PexPeer[] {
  const taken = [...peers].slice(0, PEX_PEERS_PER_MESSAGE);
  for (const [peerKey] of taken) peers.delete(peerKey);
  return taken.map(([, peer]) => peer);
}

function message(added: readonly PexPeer[], dropped: readonly PexAddress[]): Uint8Array | null {
  if (added.length === 0 && dropped.length === 0) return null;
  return encodePexMessage({
    added: added.slice(0, PEX_PEERS_PER_MESSAGE),
    dropped: dropped.slice(0, PEX_PEERS_PER_MESSAGE),
  });
}

function gatewayPeer(address: PexAddress): PexPeer {
  return { host: address.host, port: address.port, flags: GATEWAY_FLAGS };
}

function keyOf({ host, port }: PexAddress): string {
  return `${host} ${port}`;
}
