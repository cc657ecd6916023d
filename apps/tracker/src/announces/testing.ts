import assert from "node:assert/strict";
import { endpointFromBytes } from "@seedfleet/bytes";
import { seededRng } from "@seedfleet/runtime";
import { type PeerSample, Swarms, type SwarmsConfig } from "@seedfleet/swarm";
import { REPLY_ROWS_MAX } from "../handout/fill-reply.ts";
import { GatewayBoard, type LiveGateway } from "../handout/gateway-board.ts";
import type { HandoutSettings } from "../handout/plan-handout.ts";
import { bytesOf, givenSettings, textOf } from "../handout/testing.ts";
import { givenEndpoint } from "../testing.ts";
import { type AnnounceEvent, AnnounceReply, AnnounceRequest } from "./announce-request.ts";
import { Announces, type AnnouncesConfig, type ScrapeCounts, type Told } from "./announces.ts";
import { type Gate, OpenGate } from "./gate.ts";

export type GivenCoreOptions = Partial<SwarmsConfig & AnnouncesConfig> & {
  readonly gate?: Gate;
  readonly gateways?: readonly LiveGateway[];
  readonly handout?: Partial<HandoutSettings>;
  readonly seed?: number;
};

/** The announce of a leecher at 10.0.0.1, unless told otherwise. */
export type GivenAnnounce = {
  readonly port?: number;
  readonly host?: string;
  /** In the other family too, at the same port. */
  readonly otherHost?: string;
  readonly infoHash?: Uint8Array;
  readonly left?: number | null;
  readonly event?: AnnounceEvent;
  readonly numWant?: number;
  readonly downloaded?: number;
  readonly passkey?: string;
  readonly nowMs?: number;
};

export type GivenAnswer = {
  readonly refused: string | null;
  readonly seeders: number;
  readonly leechers: number;
  readonly downloaded: number;
  readonly intervalS: number;
  readonly minIntervalS: number;
  /** `host:port` of each, as they go out. */
  readonly peers: readonly string[];
  readonly others: readonly string[];
};

export type GivenCore = {
  readonly announces: Announces;
  readonly swarms: Swarms;
  /** What observers were told, of the announces that were taken. */
  readonly told: { readonly event: string | null; readonly introducedTo: string | null }[];
  announce(announce?: GivenAnnounce): GivenAnswer;
  /** The counts, or the code of the refusal. */
  scrape(infoHash?: Uint8Array, passkey?: string | null): ScrapeCounts | string;
};

export const SWARM: Uint8Array = new Uint8Array(20).fill(7);

/** The whole core, whoever's protocol brings the announces: gate, swarms, handout. */
export function givenCore(options: GivenCoreOptions = {}): GivenCore {
  const { gateways = [], gate = new OpenGate(), seed = 1 } = options;
  const chance = seededRng(seed);
  const limits = { peersMax: 10_000, peersPerSwarmMax: 10_000, swarmsMax: 100, peerIdsMax: 100 };
  const swarms = new Swarms({ peerTimeoutMs: 2_700_000, ...limits, ...options }, chance);
  const handout = givenSettings(options.handout);
  const board = new GatewayBoard(gateways, handout.zones);
  const told: GivenCore["told"] = [];
  const answered = ({ event }: AnnounceRequest, _: AnnounceReply, { introducedTo }: Told): void => {
    told.push({ event, introducedTo });
  };
  const announces = new Announces(
    { swarms, gate, chance, handout, board: () => board, observer: { answered } },
    { intervalMs: 1_800_000, minIntervalMs: 900_000, ...options },
  );
  const request = new AnnounceRequest();
  const reply = new AnnounceReply(REPLY_ROWS_MAX);
  return {
    ...{ announces, swarms, told },
    announce(announce = {}) {
      fill(request, announce);
      const violation = announces.answer(request, reply, announce.nowMs ?? 0);
      const { seeders, leechers, downloaded, intervalS, minIntervalS, peers, other } = reply;
      return {
        refused: violation?.code ?? null,
        ...{ seeders, leechers, downloaded, intervalS, minIntervalS },
        ...{ peers: endpointsOf(peers), others: endpointsOf(other) },
      };
    },
    scrape(infoHash = SWARM, passkey = null) {
      const counts = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };
      return announces.scrape(infoHash, passkey, counts)?.code ?? counts;
    },
  };
}

function fill(request: AnnounceRequest, announce: GivenAnnounce): void {
  const { host = "10.0.0.1", port = 1, otherHost, left = 1_000 } = announce;
  const endpoint = bytesOf(givenEndpoint(host, port));
  request.infoHash.set(announce.infoHash ?? SWARM);
  request.peerId.fill(port & 0xff);
  request.endpoint.set(endpoint);
  request.endpointBytes = endpoint.length === 6 ? 6 : 18;
  request.otherEndpointBytes = 0;
  if (otherHost !== undefined) {
    const other = bytesOf(givenEndpoint(otherHost, port));
    request.otherEndpoint.set(other);
    request.otherEndpointBytes = other.length === 6 ? 6 : 18;
  }
  request.leftBytes = left;
  request.downloadedBytes = announce.downloaded ?? 0;
  request.event = announce.event ?? null;
  request.numWant = announce.numWant ?? null;
  request.passkey = announce.passkey ?? null;
}

function endpointsOf({ endpoints, endpointBytes, count }: PeerSample): string[] {
  return Array.from({ length: count }, (_, row) => {
    const from = row * endpointBytes;
    const endpoint = endpointFromBytes(endpoints.subarray(from, from + endpointBytes));
    assert(endpoint !== null);
    return textOf(endpoint);
  });
}
