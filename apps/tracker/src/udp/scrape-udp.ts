import { UDP_REQUEST_HEAD_BYTES } from "@seedfleet/announce";
import { type Elsewhere, HERE } from "../announces/elsewhere.ts";
import type { TrackerViolation } from "../violation.ts";
import type { Datagram } from "./answer-udp.ts";
import { copyBytes } from "./network-order.ts";
import { PutOff, PutOffScrape, writeCounts } from "./put-off.ts";
import type { UdpAnnounces, UdpScrapeCounts } from "./udp-announces.ts";
import { LATER, SILENCE, type UdpCounts } from "./udp-counts.ts";
import { UDP_REPLY_BYTES_MAX, UDP_SCRAPE_HASHES_MAX } from "./udp-limits.ts";
import { SCRAPE_EMPTY, SCRAPE_TOO_MANY, type UdpRefusals } from "./udp-refusal.ts";

const INFO_HASH_BYTES = 20;

export type UdpScrapesPorts<Request, Reply, Counts extends UdpScrapeCounts> = {
  readonly announces: Pick<UdpAnnounces<never, never, Counts>, "scrape">;
  readonly elsewhere: Elsewhere<Request, Reply, Counts>;
  readonly scrapeCounts: Counts;
};

/** Scrapes of one torrent or several (BEP 15), whose swarms may be in several threads. */
export class UdpScrapes<Request, Reply, Counts extends UdpScrapeCounts> {
  readonly #ports: UdpScrapesPorts<Request, Reply, Counts>;
  readonly #refusals: UdpRefusals;
  readonly #counts: UdpCounts;
  readonly #infoHash = new Uint8Array(INFO_HASH_BYTES);
  readonly #lateInto = new Uint8Array(UDP_REPLY_BYTES_MAX);
  putOff: PutOff = new PutOff(this.#lateInto);

  constructor(
    ports: UdpScrapesPorts<Request, Reply, Counts>,
    refusals: UdpRefusals,
    counts: UdpCounts,
  ) {
    this.#ports = ports;
    this.#refusals = refusals;
    this.#counts = counts;
  }

  /** The length of the answer, `SILENCE`, or `LATER`, of what is `putOff` then. */
  answer({ packet, length }: Datagram, into: Uint8Array): number {
    const hashes = Math.floor((length - UDP_REQUEST_HEAD_BYTES) / INFO_HASH_BYTES);
    if (hashes === 0) return this.#refusals.refuse(SCRAPE_EMPTY, into);
    if (hashes > UDP_SCRAPE_HASHES_MAX) return this.#refusals.refuse(SCRAPE_TOO_MANY, into);
    if (this.#isElsewhere(packet, hashes)) return this.#scrapeLater(packet, hashes, into);
    for (let index = 0; index < hashes; index += 1) {
      const refused = this.#scrapeOne(packet, index, into);
      if (refused !== null) return this.#refusals.refuseFor(refused, into);
    }
    this.#counts.scrapes += 1;
    return 8 + 12 * hashes;
  }

  /** Writes the counts of one torrent. */
  #scrapeOne(packet: Uint8Array, index: number, into: Uint8Array): TrackerViolation | null {
    const { announces, scrapeCounts } = this.#ports;
    this.#readInfoHash(packet, index);
    const violation = announces.scrape(this.#infoHash, null, scrapeCounts);
    if (violation !== null && violation.code !== "not-registered") return violation;
    writeCounts(into, index, violation === null ? scrapeCounts : null);
    return null;
  }

  #isElsewhere(packet: Uint8Array, hashes: number): boolean {
    for (let index = 0; index < hashes; index += 1) {
      this.#readInfoHash(packet, index);
      if (this.#ports.elsewhere.ownerOf(this.#infoHash) !== HERE) return true;
    }
    return false;
  }

  /** Asks every thread that has one of the swarms. */
  #scrapeLater(packet: Uint8Array, hashes: number, into: Uint8Array): number {
    const { elsewhere } = this.#ports;
    const putOff = new PutOffScrape(into, hashes);
    for (let index = 0; index < hashes; index += 1) {
      this.#readInfoHash(packet, index);
      const owner = elsewhere.ownerOf(this.#infoHash);
      if (owner === HERE) {
        const refused = this.#scrapeOne(packet, index, putOff.bytes);
        if (refused !== null) return this.#refusals.refuseFor(refused, into);
        continue;
      }
      const asked = { infoHash: this.#infoHash, passkey: null };
      const hasRoom = elsewhere.scrape(owner, asked, (refused, counts) =>
        this.#scrapedLater(putOff, index, { refused, counts }),
      );
      if (!hasRoom) return this.#silent();
      putOff.asked();
    }
    this.putOff = putOff;
    return LATER;
  }

  #scrapedLater(
    putOff: PutOffScrape,
    index: number,
    { refused, counts }: { readonly refused: TrackerViolation | null; readonly counts: Counts },
  ): void {
    if (refused !== null && refused.code !== "not-registered") {
      if (!putOff.refused()) return;
      const late = this.#lateInto;
      copyBytes({ bytes: putOff.bytes, at: 0 }, late, 8);
      putOff.send(late.subarray(0, this.#refusals.refuseFor(refused, late)));
    } else if (putOff.came(index, refused === null ? counts : null)) {
      this.#counts.scrapes += 1;
      putOff.send(putOff.bytes);
    }
  }

  #readInfoHash(packet: Uint8Array, index: number): void {
    const at = UDP_REQUEST_HEAD_BYTES + index * INFO_HASH_BYTES;
    copyBytes({ bytes: packet, at }, this.#infoHash, INFO_HASH_BYTES);
  }

  #silent(): number {
    this.#counts.silences["thread-busy"] += 1;
    return SILENCE;
  }
}
