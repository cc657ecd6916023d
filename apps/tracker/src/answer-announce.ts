import assert from "node:assert/strict";
import { type Endpoint, endpointOf, type InfoHash } from "@seedfleet/bytes";
import type { PeerState } from "@seedfleet/swarm";
import { chooseGateways, GATEWAYS_PER_REPLY_MAX, type LiveGateway } from "./choose-gateways.ts";
import type { AnnounceReply } from "./encode-announce-reply.ts";
import type { EndpointSwarms } from "./endpoint-swarms.ts";
import { type AnnounceRequest, NUM_WANT_DEFAULT } from "./parse-announce.ts";
import { notRegistered, starting, type TrackerViolation } from "./violation.ts";

type HandedOut = Pick<AnnounceReply, "introduction" | "peers">;

const NOBODY: HandedOut = { introduction: null, peers: [] };

/** A leecher that was told of nobody asks again soon: a gateway may be back any moment. */
const INTERVAL_OF_NOBODY_MS = 60_000;

export type AnnounceConfig = { readonly intervalMs: number; readonly minIntervalMs: number };

export type TrackerState = {
  readonly swarms: EndpointSwarms;
  readonly torrents: {
    readonly initialised: boolean;
    swarmOf(infoHash: InfoHash): InfoHash | null;
  };
  readonly gateways: () => readonly LiveGateway[];
  /** Counts the replies, so that gateways take turns. */
  turn: number;
};

export type Announce = {
  readonly request: AnnounceRequest;
  /** The IP address the request came from. */
  readonly address: string;
  readonly nowMs: number;
};

/**
 * Answers one announce and remembers the peer. Every live gateway counts as a seed of every
 * catalogued torrent, since it loads a torrent as soon as a peer asks for it.
 */
export function answerAnnounce(
  state: TrackerState,
  config: AnnounceConfig,
  { request: asked, address, nowMs }: Announce,
): AnnounceReply | TrackerViolation {
  const asker = endpointOf(address, asked.port);
  assert(asker !== null);
  const infoHash = state.torrents.swarmOf(asked.infoHash);
  if (infoHash === null) return state.torrents.initialised ? notRegistered() : starting();
  const { event } = asked;
  const request = { ...asked, infoHash };
  if (event === "stopped") state.swarms.remove(infoHash, asker, nowMs);
  else remember(state, { request, asker, nowMs });

  const { introduction, peers } = event === "stopped" ? NOBODY : handOut(state, request, asker);
  const soon = peers.length === 0 && wantsPeers(request);
  const intervalMs = soon ? Math.min(INTERVAL_OF_NOBODY_MS, config.intervalMs) : config.intervalMs;
  const { seeders, leechers } = state.swarms.counts(infoHash);
  return {
    kind: "announce-reply",
    seeders: seeders + state.gateways().length,
    leechers,
    intervalMs,
    minIntervalMs: Math.min(config.minIntervalMs, intervalMs),
    peers,
    introduction,
  };
}

function remember(
  { swarms }: TrackerState,
  announce: { readonly request: AnnounceRequest; readonly asker: Endpoint; readonly nowMs: number },
): void {
  const { request, asker, nowMs } = announce;
  const { infoHash, peerId, event } = request;
  const state = stateOf(request);
  const completed = event === "completed" && state === "seed";
  // A full swarm forgets the newcomer, which is still told of the others.
  swarms.announce(infoHash, { endpoint: asker, peerId, state, completed }, nowMs);
}

/** Gateways first, a few, then random others up to what was asked for; to a seed, leechers only. */
function handOut(state: TrackerState, request: AnnounceRequest, asker: Endpoint): HandedOut {
  const numWant = request.numWant ?? NUM_WANT_DEFAULT;
  const takesSeeds = wantsPeers(request) || mayLackMetadata(request);
  const gatewaysMax = takesSeeds ? Math.min(GATEWAYS_PER_REPLY_MAX, numWant) : 0;
  const choice = { asker, turn: state.turn, gatewaysMax };
  state.turn += 1;
  const gateways = chooseGateways(state.gateways(), choice);
  const handed = new Set(gateways.map(({ endpoint }) => endpoint));
  // A gateway that downloads may have announced too, so more are drawn, by as many as were chosen.
  const sampled = state.swarms
    .sample(request.infoHash, { asker, state: stateOf(request), numWant })
    .filter(({ endpoint }) => !handed.has(endpoint))
    .slice(0, numWant - gateways.length);
  const peers = [...gateways.map(({ endpoint }) => ({ endpoint, peerId: null })), ...sampled];
  const [first] = gateways;
  // Once a download: whoever announces again has come, or has been gone to.
  const introduces = first !== undefined && request.event === "started" && wantsPeers(request);
  const { infoHash } = request;
  const introduction = introduces ? { gateway: first.id, infoHash, peer: asker } : null;
  return { introduction, peers };
}

function wantsPeers(request: AnnounceRequest): boolean {
  return request.event !== "stopped" && request.numWant !== 0 && stateOf(request) === "leecher";
}

/**
 * aria2 says of a magnet whose metadata it does not have yet that nothing is left, which is what a
 * seed says that starts. That one comes to a gateway for nothing, once; the other has no other way.
 */
function mayLackMetadata({ event, downloadedBytes, leftBytes }: AnnounceRequest): boolean {
  return event === "started" && downloadedBytes === 0 && leftBytes === 0;
}

/** A peer that does not know what is left has not even the metainfo. */
function stateOf({ leftBytes }: AnnounceRequest): Exclude<PeerState, "partial-seed"> {
  return leftBytes === 0 ? "seed" : "leecher";
}
