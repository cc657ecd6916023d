import { type BusEvent, defineEvent } from "@seedfleet/bus";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import * as z from "zod";
import { type HostPort, hostPort } from "./presence.ts";
import { infoHash, peerId } from "./scalars.ts";

/** A leecher as it announced itself. */
export type PeerAnnounced = {
  readonly infoHash: InfoHash;
  /** The hash it announced by, which is the only one it need know: the torrent's or an alias. */
  readonly askedAs: InfoHash;
  readonly peerId: PeerId;
  /** The address its announce came from, and the port it says it listens on. */
  readonly address: HostPort;
};

/**
 * A leecher was told of this gateway, the first of those it was told of. Should it not come, the
 * gateway may go to it. Told once a download, when it starts; a lost one does no harm to most.
 *
 * tracker → gateway
 */
export const peerAnnouncedEvent: BusEvent<"seedfleet.v1.peers.announced.{gateway}", PeerAnnounced> =
  defineEvent({
    subject: "seedfleet.v1.peers.announced.{gateway}",
    payload: z.strictObject({ infoHash, askedAs: infoHash, peerId, address: hostPort }),
  });
