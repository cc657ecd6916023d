import {
  UDP_ANNOUNCE,
  UDP_CONNECT,
  UDP_PROTOCOL_ID_HIGH,
  UDP_PROTOCOL_ID_LOW,
  UDP_REQUEST_HEAD_BYTES,
  UDP_SCRAPE,
} from "@seedfleet/announce";
import type { AddressRates } from "../addresses/address-rates.ts";
import { type Elsewhere, HERE } from "../announces/elsewhere.ts";
import type { TrackerViolation } from "../violation.ts";
import type { ConnectionIds, SourceAddress } from "./connection-ids.ts";
import { copyBytes, int32At, writeUint32 } from "./network-order.ts";
import { parseUdpAnnounce } from "./parse-udp-announce.ts";
import { PutOff, type SendLater } from "./put-off.ts";
import { UdpScrapes } from "./scrape-udp.ts";
import type {
  UdpAnnounceReply,
  UdpAnnounceRequest,
  UdpAnnounces,
  UdpScrapeCounts,
} from "./udp-announces.ts";
import { LATER, SILENCE, UdpCounts, type UdpSilence } from "./udp-counts.ts";
import {
  UDP_IPV4_PEERS_MAX,
  UDP_IPV6_PEERS_MAX,
  UDP_PACKET_BYTES_MAX,
  UDP_REPLY_BYTES_MAX,
} from "./udp-limits.ts";
import { ACTION_UNKNOWN, CONNECTION_EXPIRED, UdpRefusals } from "./udp-refusal.ts";
import { UrlData } from "./url-data.ts";

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
  readonly elsewhere: Elsewhere<Request, Reply, Counts>;
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
  /** Writes the answer into `into`, of `UDP_REPLY_BYTES_MAX`; its length, `SILENCE` or `LATER`. */
  answer(datagram: Datagram, into: Uint8Array, nowMs: number): number;
  /** Where the answer goes that has just been put off. It is written over when that returns. */
  later(send: SendLater): void;
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
  readonly #source = { address: new Uint8Array(16), addressBytes: 4 as 4 | 16 };
  readonly #fields = {
    packet: new Uint8Array() as Uint8Array,
    length: 0,
    source: this.#source,
    trusted: false,
  };
  /** A view of the reply's endpoints for every length of theirs, made when first needed. */
  readonly #endpoints: (Uint8Array | undefined)[] = [];
  readonly #refusals = new UdpRefusals(this.counts);
  readonly #scrapes: UdpScrapes<Request, Reply, Counts>;
  /** Where answers are written that were put off. */
  readonly #lateInto = new Uint8Array(UDP_REPLY_BYTES_MAX);
  #putOff: PutOff = new PutOff(this.#lateInto);

  constructor(ports: UdpAnswersPorts<Request, Reply, Counts>) {
    this.#ports = ports;
    this.#scrapes = new UdpScrapes(ports, this.#refusals, this.counts);
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
    if (standing === "expired") return this.#refusals.refuse(CONNECTION_EXPIRED, into);
    if (action === UDP_ANNOUNCE) return this.#announce(datagram, into, nowMs);
    if (action === UDP_SCRAPE) return this.#scrape(datagram, into);
    return this.#refusals.refuse(ACTION_UNKNOWN, into);
  }

  later(send: SendLater): void {
    this.#putOff.send = send;
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
    const { announces, elsewhere, request, reply, trusts } = this.#ports;
    const fields = this.#fields;
    fields.packet = packet;
    fields.length = length;
    fields.trusted = trusts(this.#source);
    const refusal = parseUdpAnnounce(fields, request, this.#urlData);
    if (refusal !== null) return this.#refusals.refuse(refusal, into);
    const owner = elsewhere.ownerOf(request.infoHash);
    if (owner !== HERE) return this.#announceTo(owner, into);
    return this.#announced(announces.answer(request, reply, nowMs), reply, into);
  }

  /** Asks the thread that has the swarm. */
  #announceTo(owner: number, into: Uint8Array): number {
    const { elsewhere, request } = this.#ports;
    const putOff = new PutOff(into);
    const asked = elsewhere.announce(owner, request, (refused, reply) => {
      const late = this.#lateInto;
      copyBytes({ bytes: putOff.bytes, at: 0 }, late, 8);
      putOff.send(late.subarray(0, this.#announced(refused, reply, late)));
    });
    if (!asked) return this.#silent("thread-busy");
    this.#putOff = putOff;
    return LATER;
  }

  #announced(refused: TrackerViolation | null, reply: Reply, into: Uint8Array): number {
    if (refused !== null) return this.#refusals.refuseFor(refused, into);
    this.counts.announces += 1;
    writeUint32(into, 8, reply.intervalS);
    writeUint32(into, 12, reply.leechers);
    writeUint32(into, 16, reply.seeders);
    const { count, endpointBytes } = reply.peers;
    const max = endpointBytes === 6 ? UDP_IPV4_PEERS_MAX : UDP_IPV6_PEERS_MAX;
    const peersBytes = Math.min(count, max) * endpointBytes;
    into.set(this.#endpointsOf(reply, peersBytes), 20);
    return 20 + peersBytes;
  }

  #endpointsOf({ peers }: Reply, bytes: number): Uint8Array {
    if (peers !== this.#ports.reply.peers) return peers.endpoints.subarray(0, bytes);
    const known = this.#endpoints[bytes];
    if (known !== undefined) return known;
    const made = peers.endpoints.subarray(0, bytes);
    this.#endpoints[bytes] = made;
    return made;
  }

  #scrape(datagram: Datagram, into: Uint8Array): number {
    const length = this.#scrapes.answer(datagram, into);
    if (length === LATER) this.#putOff = this.#scrapes.putOff;
    return length;
  }

  #silent(reason: UdpSilence): number {
    this.counts.silences[reason] += 1;
    return SILENCE;
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
