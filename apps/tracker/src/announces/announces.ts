import type { Chance, SampleRequest, SwarmCounts, Swarms } from "@seedfleet/swarm";
import { fillReply, type ReplyParts } from "../handout/fill-reply.ts";
import { GatewayBoard, type LiveGateway } from "../handout/gateway-board.ts";
import {
  type HandoutAsked,
  HandoutPlan,
  type HandoutSettings,
  planHandout,
} from "../handout/plan-handout.ts";
import type { TrackerViolation } from "../violation.ts";
import { type AnnounceReply, type AnnounceRequest, stateOf } from "./announce-request.ts";
import type { Gate } from "./gate.ts";
import { jittered } from "./interval.ts";
import { PeerMemory } from "./peer-memory.ts";

/** As BEP 3 suggests; a client that says nothing about numwant gets so many. */
export const NUM_WANT_DEFAULT = 50;

/** No client connects to more at once; bounds a reply to 4 KiB compact, 19 KiB as dictionaries. */
export const NUM_WANT_MAX = 200;

/**
 * A leecher that was told of nobody asks again soon where a gateway may be back any moment.
 * Elsewhere most swarms have one peer, and each would ask thirty times as often as need be.
 */
const INTERVAL_OF_NOBODY_MS = 60_000;

/** The counts of a swarm, filled again for each. */
export type ScrapeCounts = Writable<SwarmCounts>;

/** What the listeners need. */
export type AnnounceAnswers = Pick<Announces, "answer" | "scrape">;

export type AnnouncesConfig = { readonly intervalMs: number; readonly minIntervalMs: number };

export type AnnouncesPorts = {
  readonly swarms: Swarms;
  readonly gate: Gate;
  readonly chance: Chance;
  readonly handout: HandoutSettings;
  /** The gateways of the moment. */
  readonly board: () => GatewayBoard;
  readonly observer: AnnounceObserver;
};

/** Told of announces that were taken. What it is given is used again for the next. */
export type AnnounceObserver = {
  /** `askedAs` is the info hash that the client asked for, of several that the torrent may have. */
  answered(request: AnnounceRequest, reply: AnnounceReply, told: Told): void;
};

export type Told = {
  readonly askedAs: Uint8Array;
  /** The gateway that stands first in the reply of a leecher that starts; else null. */
  readonly introducedTo: string | null;
  readonly nowMs: number;
};

/** What a reply is made from. */
type Found = { swarm: number; board: GatewayBoard; readonly settings: HandoutSettings };

type Writable<Type> = { -readonly [Field in keyof Type]: Type[Field] };

/**
 * Remembers who announces, and answers whom it may connect to; the same whatever the protocol.
 * Nothing waits, and nothing is kept of what it is given.
 */
export class Announces {
  readonly #ports: AnnouncesPorts;
  readonly #config: AnnouncesConfig;
  readonly #memory: PeerMemory;
  // Each is filled again for every announce: what they cost shows in announces per second, and
  // what is left of them behind it in how often all wait for the garbage collector.
  readonly #plan = new HandoutPlan();
  readonly #asked: Writable<HandoutAsked> = {
    endpoint: new Uint8Array(),
    endpointBytes: 6,
    numWant: 0,
    takesGateways: false,
    takesOtherFamily: true,
    swarm: { seeders: 0, leechers: 0 },
    turn: 0,
  };
  readonly #wanted: Writable<SampleRequest> = {
    endpoint: new Uint8Array(),
    endpointBytes: 6,
    state: "leecher",
    numWant: 0,
  };
  readonly #found: Found;
  readonly #parts: Writable<ReplyParts>;
  readonly #told: Writable<Told> = { askedAs: new Uint8Array(20), introducedTo: null, nowMs: 0 };
  /** Counts the replies, so that gateways take turns. */
  #turn = 0;

  constructor(ports: AnnouncesPorts, config: AnnouncesConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#memory = new PeerMemory(ports.swarms);
    const { handout, chance } = ports;
    const board = GatewayBoard.empty;
    this.#found = { swarm: -1, board, settings: handout };
    const gateways = board.ofFamily(6);
    this.#parts = { plan: this.#plan, gateways, zones: handout.zones, chance };
  }

  /** Answers one announce; the request's info hash is the swarm's then. */
  answer(request: AnnounceRequest, reply: AnnounceReply, nowMs: number): TrackerViolation | null {
    const { gate, swarms, observer } = this.#ports;
    const told = this.#told;
    told.askedAs.set(request.infoHash);
    const refused = gate.admit(request);
    if (refused !== null) return refused;
    this.#memory.take(request, nowMs, nowMs);
    const swarm = swarms.find(request.infoHash);
    const counts = swarms.counts(swarm);
    const board = this.#ports.board().serving(gate.zonesOf(request.infoHash));
    // A gateway is a seed of every torrent that it may serve: it loads one when a peer asks for it.
    reply.seeders = counts.seeders + board.count;
    reply.leechers = counts.leechers;
    reply.downloaded = counts.downloaded;
    reply.peers.clear(request.endpointBytes);
    reply.other.clear(request.endpointBytes === 6 ? 18 : 6);
    told.introducedTo = null;
    if (request.event !== "stopped" && request.numWant !== 0) {
      this.#asked.swarm = counts;
      this.#found.swarm = swarm;
      this.#found.board = board;
      this.#handOut(request, reply, this.#found);
    }
    this.#setIntervals(request, reply);
    told.nowMs = nowMs;
    observer.answered(request, reply, told);
    return null;
  }

  /** The counts of one swarm; `not-registered` leaves it out of a scrape. */
  scrape(
    infoHash: Uint8Array,
    passkey: string | null,
    into: ScrapeCounts,
  ): TrackerViolation | null {
    const { gate, swarms } = this.#ports;
    const { askedAs } = this.#told;
    askedAs.set(infoHash);
    const refused = gate.admitScrape(askedAs, passkey);
    if (refused !== null) return refused;
    const counts = swarms.counts(swarms.find(askedAs));
    const board = this.#ports.board().serving(gate.zonesOf(askedAs));
    into.seeders = counts.seeders + board.count;
    into.leechers = counts.leechers;
    into.partialSeeds = counts.partialSeeds;
    into.downloaded = counts.downloaded;
    return null;
  }

  /** Gateways first, then others up to what was asked for. */
  #handOut(request: AnnounceRequest, reply: AnnounceReply, found: Found): void {
    const { swarms } = this.#ports;
    const { board } = found;
    const { peers } = reply;
    const { endpointBytes } = request;
    const state = stateOf(request);
    const plan = this.#plan;
    const asked = this.#asked;
    asked.endpoint = request.endpoint;
    asked.endpointBytes = endpointBytes;
    asked.numWant = request.numWant ?? NUM_WANT_DEFAULT;
    asked.takesGateways = state === "leecher" || mayLackMetadata(request);
    asked.turn = this.#turn;
    this.#turn = (this.#turn + 1) >>> 0;
    planHandout(asked, found, plan);
    if (plan.sampleCount > 0) {
      const wanted = this.#wanted;
      wanted.endpoint = request.endpoint;
      wanted.endpointBytes = endpointBytes;
      wanted.state = state;
      wanted.numWant = plan.sampleCount;
      swarms.sample(found.swarm, wanted, peers);
    }
    const gateways = board.ofFamily(endpointBytes);
    this.#parts.gateways = gateways;
    fillReply(peers, this.#parts);
    if (plan.gatewayCount + plan.otherCount === 0) return;
    const others = addOthers(reply, board, plan);
    if (request.event !== "started" || state !== "leecher") return;
    const first = plan.gatewayCount > 0 ? gateways.gateways[plan.gateways[0] ?? 0] : others;
    this.#told.introducedTo = first?.id ?? null;
  }

  #setIntervals(request: AnnounceRequest, reply: AnnounceReply): void {
    const { intervalMs, minIntervalMs } = this.#config;
    const toldOfNobody = reply.peers.count + reply.other.count === 0;
    const soon = toldOfNobody && this.#ports.gate.hasGateways && wantsPeers(request);
    const basisMs = soon ? Math.min(INTERVAL_OF_NOBODY_MS, intervalMs) : intervalMs;
    reply.intervalS = jittered(basisMs, this.#ports.chance);
    reply.minIntervalS = Math.min(Math.ceil(minIntervalMs / 1_000), reply.intervalS);
  }
}

/** Tells of the gateways of the other family that are planned; gives the first. */
function addOthers(
  { other }: AnnounceReply,
  board: GatewayBoard,
  plan: HandoutPlan,
): LiveGateway | undefined {
  const { endpointBytes } = other;
  const { endpoints, gateways } = board.ofFamily(endpointBytes);
  for (let each = 0; each < plan.otherCount; each += 1) {
    const begin = (plan.others[each] ?? 0) * endpointBytes;
    const endpoint = endpoints.subarray(begin, begin + endpointBytes);
    other.add({ endpoint, endpointBytes, state: "seed" });
  }
  return plan.otherCount > 0 ? gateways[plan.others[0] ?? 0] : undefined;
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
