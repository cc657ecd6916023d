import type { HostPort } from "@seedfleet/contracts";

/** Addresses remembered of one torrent; of more those that failed most often make room. */
export const KNOWN_PEERS_MAX = 2_000;

/** Connections that one download opens at most; those that peers open come on top. */
export const DOWNLOAD_PEERS_MAX = 50;

/** Of one torrent at once: most addresses that trackers give do not answer. */
export const DOWNLOAD_DIALS_MAX = 16;

/** After a failure an address is left alone for so long, and twice as long each time. */
const RETRY_MS = 30_000;
const RETRY_MS_MAX = 3_600_000;

/** After so many failures in a row an address is forgotten, until somebody names it again. */
const FAILURES_MAX = 6;

type KnownPeer = HostPort & {
  failures: number;
  /** Not before then. */
  nextAtMs: number;
  state: "idle" | "dialling" | "connected";
  readonly isBanned: boolean;
};

/**
 * Where peers of one torrent listen, as trackers, PEX and whoever asked for the download said, and
 * which of them to go to next. Pure.
 */
export class KnownPeers {
  readonly #isOurs: (address: HostPort) => boolean;
  readonly #peers = new Map<string, KnownPeer>();
  #dialling = 0;
  #connected = 0;

  /** `isOurs`: the address is a gateway's of this fleet, which has no more than we. */
  constructor(isOurs: (address: HostPort) => boolean) {
    this.#isOurs = isOurs;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Whether more addresses would be of use. */
  get wantsMore(): boolean {
    return this.#connected < DOWNLOAD_PEERS_MAX && this.#peers.size < KNOWN_PEERS_MAX;
  }

  add(addresses: readonly HostPort[], nowMs: number): void {
    for (const { host, port } of addresses) {
      const key = keyOf({ host, port });
      if (port === 0 || this.#peers.has(key) || this.#isOurs({ host, port })) continue;
      if (this.#peers.size >= KNOWN_PEERS_MAX && !this.#makeRoom()) continue;
      const fresh = { failures: 0, nextAtMs: nowMs, state: "idle", isBanned: false } as const;
      this.#peers.set(key, { host, port, ...fresh });
    }
  }

  /** Those to be dialled now, which count as being dialled. */
  next(nowMs: number): readonly HostPort[] {
    const chosen: KnownPeer[] = [];
    for (const peer of this.#peers.values()) {
      const total = this.#connected + this.#dialling;
      if (total >= DOWNLOAD_PEERS_MAX || this.#dialling >= DOWNLOAD_DIALS_MAX) break;
      if (peer.state !== "idle" || peer.nextAtMs > nowMs || peer.isBanned) continue;
      peer.state = "dialling";
      this.#dialling += 1;
      chosen.push(peer);
    }
    return chosen.map(({ host, port }) => ({ host, port }));
  }

  connected(address: HostPort): void {
    const peer = this.#peers.get(keyOf(address));
    if (peer?.state !== "dialling") return;
    this.#dialling -= 1;
    this.#connected += 1;
    peer.state = "connected";
    peer.failures = 0;
  }

  /** The dial failed, or the connection ended. */
  ended(address: HostPort, nowMs: number): void {
    const key = keyOf(address);
    const peer = this.#peers.get(key);
    if (peer === undefined || peer.state === "idle") return;
    if (peer.state === "dialling") this.#dialling -= 1;
    else this.#connected -= 1;
    peer.state = "idle";
    peer.failures += 1;
    peer.nextAtMs = nowMs + Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** (peer.failures - 1));
    if (peer.failures >= FAILURES_MAX) this.#peers.delete(key);
  }

  /** Whoever names a thousand addresses where nobody is does not keep others out. */
  #makeRoom(): boolean {
    let worst: KnownPeer | null = null;
    for (const peer of this.#peers.values()) {
      if (peer.state !== "idle" || peer.failures === 0 || peer.isBanned) continue;
      if (worst === null || peer.failures > worst.failures) worst = peer;
    }
    return worst !== null && this.#peers.delete(keyOf(worst));
  }

  /** It is not gone to any more. */
  ban(address: HostPort): void {
    const key = keyOf(address);
    const peer = this.#peers.get(key);
    if (peer !== undefined) this.#peers.set(key, { ...peer, isBanned: true });
  }
}

function keyOf({ host, port }: HostPort): string {
  return `${host} ${port}`;
}
