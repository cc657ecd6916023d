import { connect, type Socket } from "node:net";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { HostPort, PeerAnnounced } from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import { markShared, sharedReads } from "./shared-reads.ts";

/** A client that can come by itself does so well within this. */
export const DIAL_AFTER_MS = 5_000;

/** Peers waited for at once; most of those not remembered come by themselves. */
export const ANNOUNCED_PEERS_MAX = 4_096;

/** Connections being opened at once; a flood of announces opens no flood of connections. */
export const DIALS_IN_FLIGHT_MAX = 64;

/** The tracker's word takes the bus, and a peer none: so much later it may come, under load. */
const WORD_LATE_MS_MAX = 2_000;

/** A host that does not answer is behind a firewall. */
const CONNECT_TIMEOUT_MS = 5_000;

type AnnouncedPorts = {
  readonly clock: Clock;
  readonly isConnected: (peer: PeerAnnounced) => boolean;
  readonly dial: (peer: PeerAnnounced) => Promise<unknown>;
};

/** A peer that connected. */
type Arrival = {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly host: string;
};

type Waiting = { readonly announced: PeerAnnounced; readonly cancel: CancelTimer };

/**
 * Leechers that the tracker told of this gateway, and that may need us to come to them: behind a
 * firewall that lets nothing out but the web, or Transmission 3.00, which tries uTP first, after
 * its failure stays away for a quarter of an hour, and never goes to a peer on 127.0.0.0/8.
 */
export class AnnouncedPeers {
  readonly #ports: AnnouncedPorts;
  /** In the order they announced themselves. */
  readonly #waiting = new Map<string, Waiting>();
  /** Those that came when they were announced, and so can come by themselves. */
  readonly #known = new Set<string>();
  /** Those that came before anybody of them was announced, in this order. */
  readonly #early = new Set<Arrival & { readonly atMs: number }>();
  #dialling = 0;

  constructor(ports: AnnouncedPorts) {
    this.#ports = ports;
  }

  /** A client with two names for a torrent announces itself by both, and comes once. */
  add(peer: PeerAnnounced): void {
    const key = keyOf(peer);
    if (this.#waiting.has(key) || this.#known.has(key)) return;
    if (this.#takeEarly(peer)) return remember(this.#known, key);
    if (this.#waiting.size >= ANNOUNCED_PEERS_MAX) return;
    const cancel = this.#ports.clock.after(DIAL_AFTER_MS, () => {
      this.#waiting.delete(key);
      void this.#come(peer);
    });
    this.#waiting.set(key, { announced: peer, cancel });
  }

  /**
   * A peer connected: whoever of that id was waited for is not any more, else whoever was waited
   * for longest at its address. libtorrent 2 makes up a peer id for every connection.
   */
  came(peer: Arrival): void {
    const found =
      this.#waiting.get(keyOf(peer)) ??
      this.#waiting.values().find(({ announced }) => isAt(announced, peer));
    if (found === undefined) {
      return remember(this.#early, { ...peer, atMs: this.#ports.clock.nowMs() });
    }
    found.cancel();
    const key = keyOf(found.announced);
    this.#waiting.delete(key);
    remember(this.#known, key);
  }

  stop(): void {
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  /** Whether the peer came just before this word of it; each arrival counts for one peer. */
  #takeEarly(peer: PeerAnnounced): boolean {
    const fromMs = this.#ports.clock.nowMs() - WORD_LATE_MS_MAX;
    for (const early of this.#early) {
      if (early.atMs >= fromMs) break;
      this.#early.delete(early);
    }
    const found =
      this.#early.values().find((early) => keyOf(early) === keyOf(peer)) ??
      this.#early.values().find((early) => isAt(peer, early));
    return found !== undefined && this.#early.delete(found);
  }

  async #come(peer: PeerAnnounced): Promise<void> {
    if (this.#dialling >= DIALS_IN_FLIGHT_MAX || this.#ports.isConnected(peer)) return;
    this.#dialling += 1;
    try {
      await this.#ports.dial(peer);
    } finally {
      this.#dialling -= 1;
    }
  }
}

/** Forgets the oldest where there are too many. */
function remember<Item>(items: Set<Item>, item: Item): void {
  items.add(item);
  if (items.size <= ANNOUNCED_PEERS_MAX) return;
  const [oldest] = items;
  if (oldest !== undefined) items.delete(oldest);
}

function isAt(announced: PeerAnnounced, { infoHash, host }: Arrival): boolean {
  return announced.infoHash === infoHash && announced.address.host === host;
}

function keyOf({ infoHash, peerId }: Pick<PeerAnnounced, "infoHash" | "peerId">): string {
  return `${infoHash} ${peerId}`;
}

/**
 * A connection to the address, paused; null when there is none to be had in time. Its reads share
 * memory where that is asked for.
 */
export function connectTo(
  clock: Clock,
  { host, port }: HostPort,
  { shared = false }: { readonly shared?: boolean } = {},
): Promise<Socket | null> {
  return new Promise((resolve) => {
    const reads = shared ? { onread: sharedReads(() => socket) } : {};
    const socket: Socket = connect({ host, port, noDelay: true, ...reads });
    if (shared) markShared(socket.pause());
    const settle = (connected: Socket | null): void => {
      cancel();
      socket.off("connect", succeed).off("error", fail);
      if (connected === null) socket.on("error", () => {}).destroy();
      resolve(connected);
    };
    const succeed = (): void => settle(socket.pause());
    const fail = (): void => settle(null);
    const cancel = clock.after(CONNECT_TIMEOUT_MS, fail);
    socket.on("connect", succeed).on("error", fail);
  });
}
