import { connect, type Socket } from "node:net";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { HostPort, PeerAnnounced } from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";

/** A client that can come by itself does so well within this. */
export const DIAL_AFTER_MS = 5_000;

/** Peers waited for at once; most of those not remembered come by themselves. */
export const ANNOUNCED_PEERS_MAX = 4_096;

/** Connections being opened at once; a flood of announces opens no flood of connections. */
export const DIALS_IN_FLIGHT_MAX = 64;

/** A host that does not answer is behind a firewall. */
const CONNECT_TIMEOUT_MS = 5_000;

type AnnouncedPorts = {
  readonly clock: Clock;
  readonly isConnected: (peer: PeerAnnounced) => boolean;
  readonly dial: (peer: PeerAnnounced) => Promise<void>;
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
  #dialling = 0;

  constructor(ports: AnnouncedPorts) {
    this.#ports = ports;
  }

  add(peer: PeerAnnounced): void {
    const key = keyOf(peer);
    if (this.#waiting.has(key) || this.#waiting.size >= ANNOUNCED_PEERS_MAX) return;
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
  came(peer: {
    readonly infoHash: InfoHash;
    readonly peerId: PeerId;
    readonly host: string;
  }): void {
    const atItsAddress = ({ announced }: Waiting): boolean =>
      announced.infoHash === peer.infoHash && announced.address.host === peer.host;
    const found = this.#waiting.get(keyOf(peer)) ?? this.#waiting.values().find(atItsAddress);
    if (found === undefined) return;
    found.cancel();
    this.#waiting.delete(keyOf(found.announced));
  }

  stop(): void {
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
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

function keyOf({ infoHash, peerId }: Pick<PeerAnnounced, "infoHash" | "peerId">): string {
  return `${infoHash} ${peerId}`;
}

/** A connection to the address, paused; null when there is none to be had in time. */
export function connectTo(clock: Clock, { host, port }: HostPort): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
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
