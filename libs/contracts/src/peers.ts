import { type BusEvent, defineEvent } from "@seedfleet/bus";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import * as z from "zod";
import { type HostPort, hostPort } from "./presence.ts";
import { infoHash, peerId, timestampMs, zoneName } from "./scalars.ts";

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

/** Addresses in one message; a gateway's leechers of a torrent may take several. */
export const HANDED_ADDRESSES_MAX = 256;

/** Leechers in one record of those that nobody was there for. */
export const LEFT_LEECHERS_MAX = 1_024;

/** Leechers of one torrent that a gateway leaves: peers that were connected to it. */
export type HandedLeechers = {
  readonly infoHash: InfoHash;
  /** The hash they connected by, the only one they need know: the torrent's or an alias. */
  readonly askedAs: InfoHash;
  /** The address each was connected from, and the port it says it listens on. */
  readonly addresses: readonly HostPort[];
};

const handedLeechers: z.ZodType<HandedLeechers> = z.strictObject({
  infoHash,
  askedAs: infoHash,
  addresses: z.array(hostPort).min(1).max(HANDED_ADDRESSES_MAX),
});

/**
 * A gateway drains, and hands these leechers to another one, which goes to those that do not come
 * by themselves: libtorrent stays away for a minute from a peer that it was connected to.
 * Repeatable: whoever is connected is not gone to. A lost one costs leechers that minute.
 *
 * gateway → gateway
 */
export const peersHandedEvent: BusEvent<"seedfleet.v1.peers.handed.{gateway}", HandedLeechers> =
  defineEvent({ subject: "seedfleet.v1.peers.handed.{gateway}", payload: handedLeechers });

/**
 * Key-value: the id of a gateway that drained → `LeftLeechers`, where no other gateway could take
 * them over. The first gateway of its zone that sees it takes it away and goes to them.
 *
 * gateway → gateway
 */
export const LEFT_LEECHERS_BUCKET = "seedfleet-left-leechers";

export type LeftLeechers = {
  readonly leftAtMs: number;
  /** The zone that the gateway was in, if any: some torrents are kept to zones. */
  readonly zone?: string | undefined;
  readonly torrents: readonly HandedLeechers[];
};

export const leftLeechers: z.ZodType<LeftLeechers> = z.strictObject({
  leftAtMs: timestampMs,
  zone: zoneName.optional(),
  torrents: z.array(handedLeechers).max(LEFT_LEECHERS_MAX),
});
