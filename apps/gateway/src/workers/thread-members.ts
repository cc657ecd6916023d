import type { PeerKey } from "@seedfleet/choker";
import type { Clock } from "@seedfleet/runtime";
import type { SwarmSide } from "../swarms/swarms.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { BatchedPort } from "./batched-port.ts";
import { ThreadPeer } from "./thread-peer.ts";
import type { FromWorker, PeerProgress, ToWorker } from "./worker-messages.ts";

type Member = { readonly torrent: Torrent; readonly control: ThreadPeer };

export type ThreadMembersPorts = {
  readonly clock: Clock;
  readonly swarms: SwarmSide;
  /** To the thread that has them. */
  readonly port: BatchedPort<ToWorker>;
};

/** The peers of another thread, in their swarms and downloads. */
export class ThreadMembers {
  readonly #ports: ThreadMembersPorts;
  readonly #members = new Map<PeerKey, Member>();

  constructor(ports: ThreadMembersPorts) {
    this.#ports = ports;
  }

  /** How many peers of each torrent may download, or are sent something else. */
  countServed(answered: ReadonlySet<PeerKey>): ReadonlyMap<Torrent, number> {
    const counts = new Map<Torrent, number>();
    for (const [peerKey, { torrent, control }] of this.#members) {
      const isServed = !control.amChoking || answered.has(peerKey);
      if (isServed) counts.set(torrent, (counts.get(torrent) ?? 0) + 1);
    }
    return counts;
  }

  /** Null of a torrent that was taken out of the catalog while the peer said hello. */
  joined(
    torrent: Torrent | null,
    { peer, isSource }: FromWorker & { readonly kind: "joined" },
  ): void {
    const { peerKey, fast } = peer;
    const { clock, port, swarms } = this.#ports;
    const download = isSource ? (torrent?.download ?? null) : null;
    const control = new ThreadPeer(port, peerKey, { clock, download, fast });
    if (torrent === null) return control.close("torrent-removed");
    this.#members.set(peerKey, { torrent, control });
    swarms.join(torrent, peer, control);
  }

  receive(
    message: FromWorker & { readonly kind: "interest" | "introduced" | "had" | "source" | "left" },
  ): void {
    const { peerKey } = message;
    const member = this.#members.get(peerKey);
    if (member === undefined) return;
    const { swarms } = this.#ports;
    const { torrent, control } = member;
    switch (message.kind) {
      case "interest":
        return swarms.interestChanged(torrent, peerKey, message.interested);
      case "introduced":
        return swarms.introduced(torrent, peerKey, message.peer);
      case "had":
        return swarms.had(torrent, peerKey, message.pieces);
      case "source":
        return control.heard(message.message);
      case "left":
        this.#members.delete(peerKey);
        control.download?.end();
        torrent.sentBytesOfGone += control.takenBytes;
        return swarms.leave(torrent, peerKey);
    }
  }

  progressed(peers: readonly (readonly [PeerKey, PeerProgress])[]): void {
    for (const [peerKey, progress] of peers) {
      const control = this.#members.get(peerKey)?.control;
      if (control !== undefined) Object.assign(control, progress);
    }
  }

  /** Block bytes that peers of the torrent have taken that are there. */
  sentBytesOf(torrent: Torrent): number {
    let sum = 0;
    for (const { control } of this.#of(torrent)) sum += control.takenBytes;
    return sum;
  }

  tickDownloads(nowMs: number): void {
    for (const { control } of this.#members.values()) control.download?.tick(nowMs);
  }

  downloadEnded(torrent: Torrent): void {
    for (const { control } of this.#of(torrent)) control.download?.end();
  }

  #of(torrent: Torrent): Iterable<Member> {
    return this.#members.values().filter((member) => member.torrent === torrent);
  }
}
