import {
  UDP_ANNOUNCE,
  UDP_CONNECT,
  UDP_ERROR,
  UDP_PROTOCOL_ID_HIGH,
  UDP_PROTOCOL_ID_LOW,
  UDP_REQUEST_HEAD_BYTES,
  UDP_SCRAPE,
} from "@seedfleet/announce";
import type { AddressRates } from "../addresses/address-rates.ts";
import type { TrackerViolation } from "../violation.ts";
import type { ConnectionIds, SourceAddress } from "./connection-ids.ts";
import { copyBytes, int32At, writeUint32 } from "./network-order.ts";
import { parseUdpAnnounce } from "./parse-udp-announce.ts";
import type {
  UdpAnnounceReply,
  UdpAnnounceRequest,
  UdpAnnounces,
  UdpScrapeCounts,
} from "./udp-announces.ts";
import { UdpCounts, type UdpSilence } from "./udp-counts.ts";
import {
  UDP_IPV4_PEERS_MAX,
  UDP_IPV6_PEERS_MAX,
  UDP_PACKET_BYTES_MAX,
  UDP_SCRAPE_HASHES_MAX,
} from "./udp-limits.ts";
import {
  ACTION_UNKNOWN,
  CONNECTION_EXPIRED,
  SCRAPE_EMPTY,
  SCRAPE_TOO_MANY,
  type UdpRefusal,
} from "./udp-refusal.ts";
import { UrlData } from "./url-data.ts";

const INFO_HASH_BYTES = 20;

/** No answer: the packet is dropped. */
export const SILENCE = -1;

/** One datagram. A listener has a few of these and fills them again. */
export type Datagram = {
  /** May be longer than what came, which has `length` bytes; that may be more than we read. */
  packet: Uint8Array;
  length: number;
  /** The sender's address as its socket shows it, in the first 4 or 16 bytes. */
  source: Uint8Array;
  sourceBytes: 4 | 16;
};

export type UdpAnswersPorts<
  Request extends UdpAnnounceRequest,
  Reply extends UdpAnnounceReply,
  Counts extends UdpScrapeCounts,
> = {
  readonly announces: UdpAnnounces<Request, Reply, Counts>;
  /** Used again for every packet, and nobody else's. */
  readonly request: Request;
  readonly reply: Reply;
  readonly scrapeCounts: Counts;
  readonly ids: ConnectionIds;
  /** Of what anybody can send in another's name. */
  readonly connectRates: AddressRates;
  /** Of what only the address itself can have sent. */
  readonly requestRates: AddressRates;
  /** Whether the address field of an announce from there is honoured. */
  readonly trusts: (source: SourceAddress) => boolean;
};

/** What a listener needs: packets in, packets out. */
export interface DatagramAnswers {
  readonly counts: UdpCounts;
  /** Writes the answer into `into`, of `UDP_REPLY_BYTES_MAX`; its length, or `SILENCE`. */
  answer(datagram: Datagram, into: Uint8Array, nowMs: number): number;
}

/**
 * The UDP tracker protocol (BEP 15, 41), one packet at a time and without making an object. Until
 * an address has shown that it receives what it is sent, it gets 16 bytes for 16 or more; only then
 * a refusal has a text.
 */
export class UdpAnswers<
  Request extends UdpAnnounceRequest,
  Reply extends UdpAnnounceReply,
  Counts extends UdpScrapeCounts,
> implements DatagramAnswers
{
  readonly counts: UdpCounts = new UdpCounts();
  readonly #ports: UdpAnswersPorts<Request, Reply, Counts>;
  readonly #urlData = new UrlData();
  readonly #infoHash = new Uint8Array(INFO_HASH_BYTES);
  readonly #source = { address: new Uint8Array(16), addressBytes: 4 as 4 | 16 };
  readonly #fields = {
    packet: this.#infoHash as Uint8Array,
    length: 0,
    source: this.#source,
    trusted: false,
  };
  /** A view of the reply's endpoints for every length of theirs, made when first needed. */
  readonly #endpoints: (Uint8Array | undefined)[] = [];
  readonly #refusals = new Map<string, UdpRefusal>();

  constructor(ports: UdpAnswersPorts<Request, Reply, Counts>) {
    this.#ports = ports;
    ports.reply.peers.wantPeerIds = false;
  }

  answer(datagram: Datagram, into: Uint8Array, nowMs: number): number {
    const { packet, length } = datagram;
    if (length < UDP_REQUEST_HEAD_BYTES) return this.#silent("too-short");
    if (length > UDP_PACKET_BYTES_MAX) return this.#silent("too-long");
    this.#readSource(datagram);
    const action = int32At(packet, 8);
    copyBytes({ bytes: packet, at: 8 }, into, 8);
    if (action === UDP_CONNECT) return this.#connect(packet, into, nowMs);

    const { ids, requestRates } = this.#ports;
    const { address, addressBytes } = this.#source;
    const standing = ids.check(this.#source, packet, nowMs);
    if (standing === "forged") return this.#silent("connection-forged");
    if (!requestRates.take(address, addressBytes, nowMs)) return this.#silent("requests-too-many");
    if (standing === "expired") return this.#refuse(CONNECTION_EXPIRED, into);
    if (action === UDP_ANNOUNCE) return this.#announce(datagram, into, nowMs);
    if (action === UDP_SCRAPE) return this.#scrape(datagram, into);
    return this.#refuse(ACTION_UNKNOWN, into);
  }

  #readSource({ source, sourceBytes }: Datagram): void {
    const mapped = sourceBytes === 16 && isIpv4Mapped(source);
    const addressBytes = mapped ? 4 : sourceBytes;
    this.#source.addressBytes = addressBytes;
    copyBytes({ bytes: source, at: mapped ? 12 : 0 }, this.#source.address, addressBytes);
  }

  #connect(packet: Uint8Array, into: Uint8Array, nowMs: number): number {
    if (int32At(packet, 0) !== UDP_PROTOCOL_ID_HIGH || int32At(packet, 4) !== UDP_PROTOCOL_ID_LOW) {
      return this.#silent("protocol-unknown");
    }
    const { address, addressBytes } = this.#source;
    const { ids, connectRates } = this.#ports;
    if (!connectRates.take(address, addressBytes, nowMs)) return this.#silent("connects-too-many");
    ids.writeResponse(this.#source, into, nowMs);
    this.counts.connects += 1;
    return UDP_REQUEST_HEAD_BYTES;
  }

  #announce({ packet, length }: Datagram, into: Uint8Array, nowMs: number): number {
    const { announces, request, reply, trusts } = this.#ports;
    const fields = this.#fields;
    fields.packet = packet;
    fields.length = length;
    fields.trusted = trusts(this.#source);
    const refusal = parseUdpAnnounce(fields, request, this.#urlData);
    if (refusal !== null) return this.#refuse(refusal, into);
    const violation = announces.answer(request, reply, nowMs);
    if (violation !== null) {
      return this.#refuse(this.#refusalOf(violation), into);
    }
    this.counts.announces += 1;
    writeUint32(into, 8, reply.intervalS);
    writeUint32(into, 12, reply.leechers);
    writeUint32(into, 16, reply.seeders);
    const { endpointBytes } = request;
    const max = endpointBytes === 6 ? UDP_IPV4_PEERS_MAX : UDP_IPV6_PEERS_MAX;
    const peersBytes = Math.min(reply.peers.count, max) * endpointBytes;
    into.set(this.#endpointsOf(peersBytes), 20);
    return 20 + peersBytes;
  }

  #endpointsOf(bytes: number): Uint8Array {
    const known = this.#endpoints[bytes];
    if (known !== undefined) return known;
    const made = this.#ports.reply.peers.endpoints.subarray(0, bytes);
    this.#endpoints[bytes] = made;
    return made;
  }

  /** Torrents we do not have count zero, since counts are told apart by their place only. */
  #scrape({ packet, length }: Datagram, into: Uint8Array): number {
    const hashes = Math.floor((length - UDP_REQUEST_HEAD_BYTES) / INFO_HASH_BYTES);
    if (hashes === 0) return this.#refuse(SCRAPE_EMPTY, into);
    if (hashes > UDP_SCRAPE_HASHES_MAX) return this.#refuse(SCRAPE_TOO_MANY, into);
    const { announces, scrapeCounts } = this.#ports;
    for (let index = 0; index < hashes; index += 1) {
      const at = UDP_REQUEST_HEAD_BYTES + index * INFO_HASH_BYTES;
      copyBytes({ bytes: packet, at }, this.#infoHash, INFO_HASH_BYTES);
      const violation = announces.scrape(this.#infoHash, null, scrapeCounts);
      if (violation !== null && violation.code !== "not-registered") {
        return this.#refuse(this.#refusalOf(violation), into);
      }
      const known = violation === null;
      writeUint32(into, 8 + 12 * index, known ? scrapeCounts.seeders : 0);
      writeUint32(into, 12 + 12 * index, known ? scrapeCounts.downloaded : 0);
      writeUint32(into, 16 + 12 * index, known ? scrapeCounts.leechers : 0);
    }
    this.counts.scrapes += 1;
    return 8 + 12 * hashes;
  }

  /** Violations have a few fixed texts, whose bytes are made once. */
  #refusalOf({ code, sendableText }: TrackerViolation): UdpRefusal {
    const known = this.#refusals.get(sendableText);
    if (known !== undefined) return known;
    const made = { code, text: Buffer.from(sendableText, "latin1") };
    this.#refusals.set(sendableText, made);
    return made;
  }

  #silent(reason: UdpSilence): number {
    this.counts.silences[reason] += 1;
    return SILENCE;
  }

  #refuse({ code, text }: UdpRefusal, into: Uint8Array): number {
    this.counts.refused(code);
    writeUint32(into, 0, UDP_ERROR);
    into.set(text, 8);
    return 8 + text.length;
  }
}

/** `::ffff:0:0/96`: IPv4 as a socket for both families shows it. */
function isIpv4Mapped(address: Uint8Array): boolean {
  if (address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let at = 0; at < 10; at += 1) {
    if (address[at] !== 0) return false;
  }
  return true;
}
