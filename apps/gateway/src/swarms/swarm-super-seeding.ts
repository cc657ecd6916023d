import { randomInt } from "node:crypto";
import type { Bus } from "@seedfleet/bus";
import { type PeerKey, SuperSeeding, type SuperSeedOffer } from "@seedfleet/choker";
import {
  SUPER_SEED_LEECHERS_MAX,
  type SuperSeedReply,
  type SuperSeedRequest,
  superSeedCall,
} from "@seedfleet/contracts";
import { type PresenceWatch, rendezvous } from "@seedfleet/fleet";
import { type CancelTimer, type Clock, errorCode } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { Torrent } from "../torrents/torrent.ts";
import { type LeecherReport, SeededLeechers, type TellsPieces } from "./seeded-leechers.ts";
import type { SwarmMember } from "./swarm-member.ts";

/** How often it is told what leechers got, and asked for what others may be told of. */
export const SUPER_SEED_INTERVAL_MS = 250;

/** What happens within this goes into one report. */
export const SUPER_SEED_SOON_MS = 25;

/** How long a gateway decides by itself before it looks for a scheduler again. */
export const SUPER_SEED_ALONE_MS = 2_500;

const CHANCES = 2 ** 32;

const NOBODY: LeecherReport = { left: [], had: [], declined: [], joined: [], hasMore: false };

export type SuperSeedingPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly presence: PresenceWatch;
  /** So many pieces were told of to one leecher each. */
  readonly offered: (pieces: number) => void;
};

/**
 * The super-seeding (BEP 16) of one swarm at this gateway: its leechers seem to find a peer with
 * nothing, and are told of single pieces, of each one leecher in the whole fleet at first. The
 * swarm's scheduler says of which; while there is none, this gateway does for its own leechers.
 */
export class SwarmSuperSeeding {
  readonly #ports: SuperSeedingPorts;
  readonly #gateway: string;
  readonly #torrent: Torrent;
  readonly #leechers: SeededLeechers;
  readonly #cancelInterval: CancelTimer;
  #cancelSoon: CancelTimer | null = null;
  /** What decides here while no scheduler does. */
  #alone: { readonly seeding: SuperSeeding; lookAtMs: number } | null = null;
  /** Who was told, and of what state of its. */
  #told: { readonly scheduler: string; readonly epoch: string | null } | null = null;
  #isAsking = false;
  #isOff = false;

  constructor(ports: SuperSeedingPorts, gateway: string, torrent: Torrent) {
    this.#ports = ports;
    this.#gateway = gateway;
    this.#torrent = torrent;
    this.#leechers = new SeededLeechers(torrent.metainfo.pieceCount);
    this.#cancelInterval = ports.clock.every(SUPER_SEED_INTERVAL_MS, () => this.#exchange());
  }

  get leecherCount(): number {
    return this.#leechers.count;
  }

  join({ leecher, peerKey }: SwarmMember, peer: TellsPieces): void {
    if (this.#isOff) return peer.tell("all");
    this.#leechers.join(leecher, peerKey, peer, this.#ports.clock.nowMs());
    if (this.#leechers.count > SUPER_SEED_LEECHERS_MAX) this.end("too-many-leechers");
  }

  /** It is known now who the peer is at every gateway. */
  renamed({ leecher, peerKey }: SwarmMember): void {
    this.#leechers.rename(peerKey, leecher, this.#ports.clock.nowMs());
  }

  /** A peer said that it has these pieces; its first word may be that it has none. */
  had(peerKey: PeerKey, pieces: readonly number[]): void {
    if (this.#leechers.had(peerKey, pieces)) this.#soon();
  }

  interestChanged(peerKey: PeerKey, isInterested: boolean): void {
    this.#leechers.interestChanged(peerKey, isInterested);
  }

  left(peerKey: PeerKey): void {
    this.#leechers.leave(peerKey);
  }

  /** Peers are told of everything, those that come later too. */
  end(reason: string): void {
    if (this.#isOff) return;
    this.stop();
    this.#leechers.tellAll();
    const { infoHash } = this.#torrent;
    this.#ports.telemetry.log.info("super-seeding ended, peers are told of all pieces", {
      ...{ infoHash, reason },
    });
  }

  /** Nobody is told of anything any more, and all that the scheduler was told is void. */
  stop(): void {
    if (this.#isOff) return;
    this.#isOff = true;
    this.#cancelInterval();
    this.#cancelSoon?.();
    const scheduler = this.#told?.scheduler ?? null;
    this.#told = null;
    if (scheduler !== null) void this.#call(scheduler, NOBODY);
  }

  #soon(): void {
    this.#cancelSoon ??= this.#ports.clock.after(SUPER_SEED_SOON_MS, () => {
      this.#cancelSoon = null;
      this.#exchange();
    });
  }

  #exchange(): void {
    if (this.#isOff || this.#isAsking || this.#leechers.isSilent) return;
    if (this.#alone === null) void this.#ask();
    else this.#decideAlone(this.#alone);
  }

  /** Tells the scheduler what it does not know, and follows it; without one decides here. */
  async #ask(): Promise<void> {
    const scheduler = this.#scheduler();
    if (scheduler === null) return this.#goAlone("no-scheduler");
    if (this.#told?.scheduler !== scheduler) this.#begin({ scheduler, epoch: null });
    const report = this.#leechers.takeReport(this.#ports.clock.nowMs());
    this.#isAsking = true;
    const reply = await this.#call(scheduler, report);
    this.#isAsking = false;
    if (this.#isOff) return;
    if (typeof reply === "string") return this.#goAlone(reply);
    if (reply.outcome === "too-many") return this.end("too-many-leechers");
    if (reply.outcome === "tell-all") this.#begin({ scheduler, epoch: null });
    else this.#told = { scheduler, epoch: reply.epoch };
    this.#follow(reply.offers);
    if (report.hasMore || reply.outcome === "tell-all") this.#soon();
  }

  /** What the scheduler says, or why it says nothing. */
  async #call(scheduler: string, report: LeecherReport): Promise<SuperSeedReply | string> {
    const { left, had, declined, joined } = report;
    const request: SuperSeedRequest = {
      ...{ gateway: this.#gateway, infoHash: this.#torrent.infoHash },
      pieceCount: this.#torrent.metainfo.pieceCount,
      epoch: this.#told?.epoch ?? null,
      ...{ left, had, declined },
      joined: joined.map(({ leecher, have, told }) => {
        return { leecher, have: Buffer.from(have.toBytes()).toString("base64"), told };
      }),
    };
    try {
      return await this.#ports.bus.call(superSeedCall, { scheduler }, request);
    } catch (error) {
      return errorCode(error) ?? "unknown";
    }
  }

  /** All is to be told anew, to this scheduler. */
  #begin(told: { readonly scheduler: string; readonly epoch: null }): void {
    this.#told = told;
    this.#leechers.unreport();
  }

  #goAlone(reason: string): void {
    const { clock, telemetry } = this.#ports;
    const { infoHash, metainfo } = this.#torrent;
    const seeding = new SuperSeeding(metainfo.pieceCount, randomInt(CHANCES));
    this.#alone = { seeding, lookAtMs: clock.nowMs() + SUPER_SEED_ALONE_MS };
    this.#told = null;
    this.#leechers.unreport();
    telemetry.log.warn("scheduler silent, super-seeding decided here", { infoHash, reason });
    this.#exchange();
  }

  #decideAlone(alone: { readonly seeding: SuperSeeding; lookAtMs: number }): void {
    const nowMs = this.#ports.clock.nowMs();
    const { joined, hasMore, ...others } = this.#leechers.takeReport(nowMs);
    const named = joined.map((each) => ({ ...each, have: each.have.pieces() }));
    const report = { isWhole: false, ...others, joined: named };
    this.#follow(alone.seeding.heard(this.#gateway, report, nowMs));
    if (hasMore) this.#soon();
    if (nowMs < alone.lookAtMs) return;
    alone.lookAtMs = nowMs + SUPER_SEED_ALONE_MS;
    const scheduler = this.#scheduler();
    if (scheduler !== null) void this.#lookFor(scheduler);
  }

  /** Asks whether the scheduler is there, with a report of nobody; until then decides here. */
  async #lookFor(scheduler: string): Promise<void> {
    const reply = await this.#call(scheduler, NOBODY);
    if (this.#isOff || typeof reply === "string") return;
    this.#alone = null;
    this.#begin({ scheduler, epoch: null });
    const { infoHash } = this.#torrent;
    this.#ports.telemetry.log.info("scheduler super-seeds again", { infoHash });
    this.#exchange();
  }

  #follow(offers: readonly SuperSeedOffer[]): void {
    const nowMs = this.#ports.clock.nowMs();
    this.#ports.offered(offers.length);
    for (const { leecher, piece } of offers) this.#leechers.offered(leecher, piece, nowMs);
  }

  #scheduler(): string | null {
    const ids = this.#ports.presence.available("choking-scheduler").map(({ id }) => id);
    return rendezvous(this.#torrent.infoHash, ids);
  }
}
