import assert from "node:assert/strict";
import { type Endpoint, endpointOf, type InfoHash } from "@seedfleet/bytes";
import type { Chance, PeerState, Swarms } from "@seedfleet/swarm";
import type { AnnounceReply } from "./encode-announce-reply.ts";
import type { GatewayBoard, LiveGateway } from "./handout/gateway-board.ts";
import { HandoutPlan, type HandoutSettings, planHandout } from "./handout/plan-handout.ts";
import { ZONE_UNKNOWN } from "./handout/zone-table.ts";
import { type AnnounceRequest, NUM_WANT_DEFAULT } from "./parse-announce.ts";
import { notRegistered, starting, type TrackerViolation } from "./violation.ts";

type HandedOut = Pick<AnnounceReply, "introduction" | "peers">;

const NOBODY: HandedOut = { introduction: null, peers: [] };

/** A leecher that was told of nobody asks again soon: a gateway may be back any moment. */
const INTERVAL_OF_NOBODY_MS = 60_000;

export type AnnounceConfig = { readonly intervalMs: number; readonly minIntervalMs: number };

export type TrackerState = {
  readonly swarms: Swarms;
  readonly torrents: {
    readonly initialised: boolean;
    swarmOf(infoHash: InfoHash): InfoHash | null;
    zonesOf(swarm: InfoHash): readonly string[] | null;
  };
  readonly board: () => GatewayBoard;
  readonly handout: HandoutSettings;
  readonly chance: Chance;
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
 * catalogued torrent that it may serve, since it loads one as soon as a peer asks for it.
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
  if (event === "stopped") state.swarms.remove(infoHash, asker);
  else remember(state, { request, asker, nowMs });

  const board = state.board().serving(state.torrents.zonesOf(infoHash));
  const handedOut = event === "stopped" ? NOBODY : handOut({ ...state, board }, request, asker);
  if (event !== "stopped") state.turn += 1;
  const { introduction, peers } = handedOut;
  const soon = peers.length === 0 && wantsPeers(request);
  const intervalMs = soon ? Math.min(INTERVAL_OF_NOBODY_MS, config.intervalMs) : config.intervalMs;
  const { seeders, leechers } = state.swarms.counts(infoHash);
  return {
    kind: "announce-reply",
    seeders: seeders + board.count,
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

type HandOutState = Omit<TrackerState, "board"> & { readonly board: GatewayBoard };

/** Gateways first, a few, then others up to what was asked for; to a seed, leechers only. */
function handOut(state: HandOutState, request: AnnounceRequest, asker: Endpoint): HandedOut {
  const { board, handout, swarms, chance, turn } = state;
  const { infoHash } = request;
  const plan = new HandoutPlan();
  const asked = {
    endpoint: bytesOf(asker),
    endpointBytes: asker.length as 6 | 18,
    numWant: request.numWant ?? NUM_WANT_DEFAULT,
    takesGateways: wantsPeers(request) || mayLackMetadata(request),
    takesOtherFamily: true,
    swarm: swarms.counts(infoHash),
    turn,
  };
  planHandout(asked, { board, settings: handout }, plan);
  const gateways = plannedGateways(board, plan, asked.endpointBytes);
  const handed = new Set(gateways.map(({ endpoint }) => endpoint));
  const sampled = swarms
    .sample(infoHash, { asker, state: stateOf(request), numWant: plan.sampleCount }, chance)
    .filter(({ endpoint }) => !handed.has(endpoint));
  const isFar = ({ endpoint }: { readonly endpoint: Endpoint }): boolean =>
    plan.nearZone !== ZONE_UNKNOWN &&
    handout.zones.zoneOf(bytesOf(endpoint), 0, asked.endpointBytes) !== plan.nearZone;
  const others = [...sampled.filter((peer) => !isFar(peer)), ...sampled.filter(isFar)];
  const [first] = gateways;
  // Once a download: whoever announces again has come, or has been gone to.
  const introduces = first !== undefined && request.event === "started" && wantsPeers(request);
  return {
    introduction: introduces ? { gateway: first.id, infoHash, peer: asker } : null,
    peers: [
      ...gateways.map(({ endpoint }) => ({ endpoint, peerId: null })),
      ...others.slice(0, plan.peersMax),
    ],
  };
}

function plannedGateways(
  board: GatewayBoard,
  plan: HandoutPlan,
  endpointBytes: 6 | 18,
): LiveGateway[] {
  const own = board.ofFamily(endpointBytes).gateways;
  const other = board.ofFamily(endpointBytes === 6 ? 18 : 6).gateways;
  const at = (gateways: readonly LiveGateway[], places: Uint16Array): LiveGateway[] =>
    [...places].flatMap((place) => gateways[place] ?? []);
  return [
    ...at(own, plan.gateways.subarray(0, plan.gatewayCount)),
    ...at(other, plan.others.subarray(0, plan.otherCount)),
  ];
}

function bytesOf(endpoint: Endpoint): Uint8Array {
  return Buffer.from(endpoint, "latin1");
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
function stateOf({ leftBytes }: AnnounceRequest): PeerState {
  return leftBytes === 0 ? "seed" : "leecher";
}
