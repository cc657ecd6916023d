import {
  endpointFromBytes,
  endpointHost,
  endpointPort,
  infoHashFromBytes,
  peerIdFromBytes,
} from "@seedfleet/bytes";
import type { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import type { Told } from "../announces/announces.ts";
import type { NotedAnnounce } from "./replica-messages.ts";

/**
 * Announces a second that are noted, so that a flood costs no more than the answers: a span is
 * dearer than fifty announces. Those that begin or end a download have the most of it.
 */
export const NOTED_PER_SECOND_MAX = 200;
export const NOTED_REGULAR_PER_SECOND_MAX = 50;

/** Leechers a second that gateways are told of. Whoever is not gone to comes by itself. */
export const INTRODUCED_PER_SECOND_MAX = 500;

const SECOND_MS = 1_000;

/** What of the announces is told beyond their answer: to be traced, and to gateways. */
export class NotedAnnounces {
  #noted: NotedAnnounce[] = [];
  #secondEndsAtMs = 0;
  #traced = 0;
  #regular = 0;
  #introduced = 0;

  /** Notes an announce that was answered, if it still may be in this second. */
  add(request: AnnounceRequest, reply: AnnounceReply, told: Told): void {
    if (told.nowMs >= this.#secondEndsAtMs) this.#beginSecond(told.nowMs);
    const introduces = told.introducedTo !== null && this.#introduced < INTRODUCED_PER_SECOND_MAX;
    const isRegular = request.event === null;
    const traces =
      this.#traced < NOTED_PER_SECOND_MAX &&
      !(isRegular && this.#regular >= NOTED_REGULAR_PER_SECOND_MAX);
    if (!introduces && !traces) return;
    this.#traced += 1;
    if (isRegular) this.#regular += 1;
    if (introduces) this.#introduced += 1;
    const { event, leftBytes } = request;
    const { seeders, leechers } = reply;
    this.#noted.push({
      ...{ event, leftBytes, seeders, leechers },
      infoHash: infoHashFromBytes(request.infoHash),
      peerId: peerIdFromBytes(request.peerId),
      peers: reply.peers.count + reply.other.count,
      introduction: introduces ? introductionOf(request, told) : null,
    });
  }

  /** What was noted since the last time. */
  take(): NotedAnnounce[] {
    const noted = this.#noted;
    this.#noted = [];
    return noted;
  }

  #beginSecond(nowMs: number): void {
    this.#secondEndsAtMs = nowMs + SECOND_MS;
    this.#traced = 0;
    this.#regular = 0;
    this.#introduced = 0;
  }
}

function introductionOf(
  request: AnnounceRequest,
  { askedAs, introducedTo }: Told,
): NotedAnnounce["introduction"] {
  const endpoint = endpointFromBytes(request.endpoint.subarray(0, request.endpointBytes));
  if (introducedTo === null || endpoint === null) return null;
  return {
    gateway: introducedTo,
    peer: {
      infoHash: infoHashFromBytes(request.infoHash),
      askedAs: infoHashFromBytes(askedAs),
      peerId: peerIdFromBytes(request.peerId),
      address: { host: endpointHost(endpoint), port: endpointPort(endpoint) },
    },
  };
}
