import type { Clock } from "@seedfleet/runtime";
import type { Swarms } from "@seedfleet/swarm";
import { AddressBytes } from "../addresses/address-bytes.ts";
import { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import type { AnnounceAnswers, ScrapeCounts } from "../announces/announces.ts";
import {
  type Answered,
  type Elsewhere,
  type HandedOver,
  type HandOvers,
  HERE,
  type LastWord,
  type ScrapeAsked,
} from "../announces/elsewhere.ts";
import type { Gate } from "../announces/gate.ts";
import { REPLY_ROWS_MAX } from "../handout/fill-reply.ts";
import type { TrackerViolation } from "../violation.ts";
import type { SwarmLists } from "./every-swarm.ts";
import { Sibling, type ThreadWay } from "./sibling.ts";
import { ownerOf, type SwarmShares } from "./swarm-owners.ts";
import type { ThreadReader, ThreadWriter } from "./thread-bytes.ts";
import {
  ANNOUNCE,
  ANNOUNCED,
  EVERY_SWARM,
  HANDED_OVER,
  NO_MORE_SWARMS,
  readAnnounce,
  readAsker,
  readCounts,
  readRefused,
  readReply,
  readScrape,
  SCRAPE,
  SCRAPED,
  SWARMS,
  SWARMS_PER_ANSWER,
  writeAnnounce,
  writeHandedOver,
  writeHead,
  writeRefused,
  writeReply,
  writeScrape,
  writeScraped,
  writeSwarm,
} from "./thread-messages.ts";

/** This thread's own part in what all threads of a tracker share out. */
export type ThreadShare = { readonly thread: number; readonly shares: SwarmShares };

export type SiblingsPorts = {
  /** To each thread by its number; null to this one. */
  readonly ways: readonly (ThreadWay | null)[];
  readonly announces: AnnounceAnswers;
  readonly swarms: Swarms;
  readonly gate: Pick<Gate, "swarmOf">;
  readonly clock: Clock;
  /** Answers what comes with its connection; null where connections are not taken so. */
  readonly takeOver: ((handedOver: HandedOver) => void) | null;
};

/** Some swarms of another thread, and where it goes on. */
export type SwarmsPart = {
  readonly swarms: readonly { readonly infoHash: Uint8Array; readonly counts: ScrapeCounts }[];
  /** Null after the last. */
  readonly next: number | null;
};

/** Waits for an answer; what it is given is read at once. */
type Heard = {
  readonly announced?: Answered<AnnounceReply>;
  readonly scraped?: Answered<ScrapeCounts>;
  readonly listed?: (part: SwarmsPart) => void;
};

type Other = Sibling<Heard>;

/**
 * The other threads of this tracker: asks them about the swarms that are theirs, and answers what
 * they ask about those of this one.
 */
export class Siblings implements Elsewhere, HandOvers, SwarmLists {
  readonly others: readonly number[];
  readonly #ports: SiblingsPorts;
  readonly #share: ThreadShare;
  readonly #others: readonly (Other | null)[];
  readonly #infoHash = new Uint8Array(20);
  readonly #request = new AnnounceRequest();
  readonly #asker = new AddressBytes();
  readonly #reply = new AnnounceReply(REPLY_ROWS_MAX);
  readonly #counts: ScrapeCounts = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };

  constructor(ports: SiblingsPorts, share: ThreadShare) {
    this.#ports = ports;
    this.#share = share;
    const numbers = ports.ways.map((_, thread) => thread);
    this.others = numbers.filter((thread) => thread !== share.thread);
    this.#others = ports.ways.map((way) => {
      if (way === null) return null;
      const takes = ports.takeOver !== null;
      const hear = (reader: ThreadReader): void => this.#hear(other, reader);
      const other: Other = new Sibling(way, { hear, takes });
      return other;
    });
  }

  ownerOf(infoHash: Uint8Array): number {
    const { thread, shares } = this.#share;
    const swarm = this.#infoHash;
    for (let at = 0; at < swarm.length; at += 1) swarm[at] = infoHash[at] ?? 0;
    if (!this.#ports.gate.swarmOf(swarm)) return HERE;
    const owner = ownerOf(swarm, shares);
    return owner === thread ? HERE : owner;
  }

  announce(owner: number, request: AnnounceRequest, answered: Answered<AnnounceReply>): boolean {
    const other = this.#others[owner] ?? null;
    if (other === null || !other.hasRoom) return false;
    writeAnnounce(other.writer, other.ask({ announced: answered }), request);
    return true;
  }

  scrape(owner: number, asked: ScrapeAsked, answered: Answered<ScrapeCounts>): boolean {
    const other = this.#others[owner] ?? null;
    if (other === null || !other.hasRoom) return false;
    writeScrape(other.writer, other.ask({ scraped: answered }), asked);
    return true;
  }

  handOver(owner: number, request: AnnounceRequest, on: LastWord): boolean {
    const other = this.#others[owner] ?? null;
    if (other === null || !other.handOver()) return false;
    writeHandedOver(other.writer, on, request);
    return true;
  }

  look(often: boolean): void {
    for (const other of this.#others) other?.look(often);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#others.map((other) => other?.settled()));
  }

  swarmsOf(owner: number, from: number): Promise<SwarmsPart> {
    const { promise, resolve } = Promise.withResolvers<SwarmsPart>();
    const other = this.#others[owner] ?? null;
    if (other === null) return Promise.resolve({ swarms: [], next: null });
    const number = other.ask({ listed: resolve });
    writeHead(other.writer, { kind: EVERY_SWARM, number }, 4);
    other.writer.uint32(from);
    return promise;
  }

  #hear(other: Other, reader: ThreadReader): void {
    const nowMs = this.#ports.clock.nowMs();
    let tookOver = 0;
    while (reader.hasMore) {
      const kind = reader.uint8();
      const number = reader.uint32();
      if (kind === ANNOUNCE) this.#answerAnnounce(reader, { other, number, nowMs });
      else if (kind === HANDED_OVER) {
        this.#takeOver(reader, number, nowMs);
        tookOver += 1;
      } else if (kind === SCRAPE) this.#answerScrape(reader, other.writer, number);
      else if (kind === EVERY_SWARM) this.#answerSwarms(reader.uint32(), other.writer, number);
      else this.#heard(reader, kind, other.take(number));
    }
    if (tookOver > 0) other.tookOver(tookOver);
  }

  #answerAnnounce(
    reader: ThreadReader,
    asked: { readonly other: Other; readonly number: number; readonly nowMs: number },
  ): void {
    const request = this.#request;
    const reply = this.#reply;
    readAnnounce(reader, request);
    reply.peers.wantPeerIds = !request.compact && !request.noPeerId;
    const refused = this.#ports.announces.answer(request, reply, asked.nowMs);
    const { writer } = asked.other;
    if (refused === null) writeReply(writer, asked.number, reply);
    else writeRefused(writer, asked.number, refused);
  }

  #takeOver(reader: ThreadReader, descriptor: number, nowMs: number): void {
    const asker = this.#asker;
    const request = this.#request;
    readAsker(reader, asker);
    readAnnounce(reader, request);
    this.#ports.takeOver?.({ descriptor, asker, request, nowMs });
  }

  #answerScrape(reader: ThreadReader, writer: ThreadWriter, number: number): void {
    const passkey = readScrape(reader, this.#infoHash);
    const refused = this.#ports.announces.scrape(this.#infoHash, passkey, this.#counts);
    if (refused === null) writeScraped(writer, number, this.#counts);
    else writeRefused(writer, number, refused);
  }

  #answerSwarms(from: number, writer: ThreadWriter, number: number): void {
    const { swarms } = this.#ports;
    const found: number[] = [];
    let row = from === 0 ? -1 : from - 1;
    while (found.length < SWARMS_PER_ANSWER) {
      row = swarms.nextSwarm(row);
      if (row < 0) break;
      found.push(row);
    }
    writeHead(writer, { kind: SWARMS, number }, 6);
    writer.uint32(row < 0 ? NO_MORE_SWARMS : row + 1);
    writer.uint16(found.length);
    for (const swarm of found) {
      swarms.readInfoHash(swarm, this.#infoHash);
      writeSwarm(writer, this.#infoHash, swarms.counts(swarm));
    }
  }

  #heard(reader: ThreadReader, kind: number, heard: Heard | undefined): void {
    if (kind === ANNOUNCED) {
      readReply(reader, this.#reply);
      heard?.announced?.(null, this.#reply);
    } else if (kind === SCRAPED) {
      readCounts(reader, this.#counts);
      heard?.scraped?.(null, this.#counts);
    } else if (kind === SWARMS) {
      heard?.listed?.(readSwarms(reader));
    } else {
      this.#refused(readRefused(reader), heard);
    }
  }

  #refused(refused: TrackerViolation, heard: Heard | undefined): void {
    heard?.announced?.(refused, this.#reply);
    heard?.scraped?.(refused, this.#counts);
  }
}

function readSwarms(reader: ThreadReader): SwarmsPart {
  const next = reader.uint32();
  const swarms = Array.from({ length: reader.uint16() }, () => {
    const infoHash = new Uint8Array(20);
    reader.raw(infoHash, infoHash.length);
    const counts: ScrapeCounts = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };
    readCounts(reader, counts);
    return { infoHash, counts };
  });
  return { swarms, next: next === NO_MORE_SWARMS ? null : next };
}
