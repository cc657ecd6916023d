import { AddressRates } from "../addresses/address-rates.ts";
import { type Elsewhere, NOWHERE } from "../announces/elsewhere.ts";
import { notRegistered, type TrackerViolation } from "../violation.ts";
import { type Datagram, type DatagramAnswers, UdpAnswers } from "./answer-udp.ts";
import { ConnectionIds } from "./connection-ids.ts";
import type { UdpAnnounceRequest, UdpAnnounces } from "./udp-announces.ts";
import { UDP_REPLY_BYTES_MAX } from "./udp-limits.ts";

/** A request as the tracker was given it, in texts that can be compared. */
export type SeenAnnounce = {
  readonly infoHash: string;
  readonly peerId: string;
  readonly endpoint: string;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  readonly leftBytes: number | null;
  readonly event: string | null;
  readonly numWant: number | null;
  readonly passkey: string | null;
};

const PEERS_MAX = 250;

/** Of the tracker's requests, what a packet can say. */
export function givenRequestBuffer(): UdpAnnounceRequest {
  return {
    infoHash: new Uint8Array(20),
    peerId: new Uint8Array(20),
    endpoint: new Uint8Array(18),
    endpointBytes: 6,
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: null,
    event: null,
    numWant: null,
    passkey: null,
  };
}

export type GivenReply = {
  seeders: number;
  leechers: number;
  intervalS: number;
  readonly peers: {
    readonly endpoints: Uint8Array;
    count: number;
    endpointBytes: 6 | 18;
    wantPeerIds: boolean;
  };
};

export function givenReplyBuffer(): GivenReply {
  const endpoints = new Uint8Array(PEERS_MAX * 18);
  const peers = { endpoints, count: 0, endpointBytes: 6 as const, wantPeerIds: true };
  return { seeders: 0, leechers: 0, intervalS: 1_800, peers };
}

type Counts = { seeders: number; leechers: number; downloaded: number };

/**
 * A tracker that hands everyone the others it saw of their family and swarm, in the order they
 * came. A torrent whose info hash begins with ff is not registered.
 */
export class GivenTracker implements UdpAnnounces<UdpAnnounceRequest, GivenReply, Counts> {
  readonly seen: SeenAnnounce[] = [];
  violation: TrackerViolation | null = null;
  readonly #swarms = new Map<string, Map<string, "seeders" | "leechers">>();

  answer(request: UdpAnnounceRequest, reply: GivenReply): TrackerViolation | null {
    const infoHash = hex(request.infoHash);
    if (this.violation !== null) return this.violation;
    if (infoHash.startsWith("ff")) return notRegistered();
    const { leftBytes, event, numWant, endpointBytes, endpoint: bytes } = request;
    const endpoint = hex(bytes.subarray(0, endpointBytes));
    this.seen.push({ ...request, infoHash, peerId: hex(request.peerId), endpoint });
    const swarm = this.#swarms.get(infoHash) ?? new Map();
    this.#swarms.set(infoHash, swarm);
    const others = [...swarm.keys()].filter((other) => {
      return other !== endpoint && other.length === endpoint.length;
    });
    const handed = event === "stopped" ? [] : others.slice(0, numWant ?? 50);
    reply.peers.count = handed.length;
    reply.peers.endpointBytes = endpointBytes;
    reply.peers.endpoints.set(Buffer.from(handed.join(""), "hex"));
    if (event === "stopped") swarm.delete(endpoint);
    else swarm.set(endpoint, leftBytes === 0 ? "seeders" : "leechers");
    this.#count(infoHash, reply);
    return null;
  }

  scrape(infoHash: Uint8Array, _passkey: null, into: Counts): TrackerViolation | null {
    if (this.violation !== null) return this.violation;
    if (infoHash[0] === 0xff) return notRegistered();
    this.#count(hex(infoHash), into);
    return null;
  }

  #count(infoHash: string, into: { seeders: number; leechers: number }): void {
    const states = [...(this.#swarms.get(infoHash)?.values() ?? [])];
    into.seeders = states.filter((state) => state === "seeders").length;
    into.leechers = states.length - into.seeders;
  }
}

export type GivenAnswersOptions = {
  readonly key?: Uint8Array;
  readonly connectsMax?: number | null;
  readonly requestsMax?: number | null;
  readonly trusted?: boolean;
  readonly elsewhere?: Elsewhere<UdpAnnounceRequest, GivenReply, Counts>;
};

export type GivenAnswers = {
  readonly answers: DatagramAnswers;
  readonly tracker: GivenTracker;
  /** The answer to a packet, null for silence. */
  ask(packet: Uint8Array, from?: Uint8Array, nowMs?: number): Buffer | null;
  /** A connection id. */
  connect(from?: Uint8Array, nowMs?: number): Buffer;
};

/** Answers with a tracker behind them. */
export function givenAnswers(options: GivenAnswersOptions = {}): GivenAnswers {
  const { key = new Uint8Array(16).fill(7), connectsMax = null, requestsMax = null } = options;
  const rates = (requestsPerWindowMax: number | null): AddressRates =>
    new AddressRates({ requestsPerWindowMax, windowMs: 10_000, seed: 1 });
  const tracker = new GivenTracker();
  const answers = new UdpAnswers({
    announces: tracker,
    elsewhere: options.elsewhere ?? NOWHERE,
    request: givenRequestBuffer(),
    reply: givenReplyBuffer(),
    scrapeCounts: { seeders: 0, leechers: 0, downloaded: 0 },
    ids: new ConnectionIds(key),
    connectRates: rates(connectsMax),
    requestRates: rates(requestsMax),
    trusts: () => options.trusted ?? false,
  });
  const into = new Uint8Array(UDP_REPLY_BYTES_MAX);
  const ask = (packet: Uint8Array, from: Uint8Array = GIVEN_IPV4, nowMs = 0): Buffer | null => {
    const length = answers.answer(givenDatagram(packet, from), into, nowMs);
    return length < 0 ? null : Buffer.from(into.subarray(0, length));
  };
  const connect = (from: Uint8Array = GIVEN_IPV4, nowMs = 0): Buffer =>
    ask(connectPacket(), from, nowMs)?.subarray(8, 16) ?? Buffer.alloc(8);
  return { answers, tracker, ask, connect };
}

/** 192.0.2.1 */
export const GIVEN_IPV4: Uint8Array = Uint8Array.of(192, 0, 2, 1);

/** 2001:db8::1 */
export const GIVEN_IPV6: Uint8Array = Uint8Array.from(
  Buffer.from("20010db8000000000000000000000001", "hex"),
);

/** In a buffer longer than the packet, with what another left there. */
export function givenDatagram(packet: Uint8Array, from: Uint8Array): Datagram {
  const room = new Uint8Array(packet.length + 64).fill(0xa5);
  room.set(packet);
  const source = new Uint8Array(16);
  source.set(from);
  return { packet: room, length: packet.length, source, sourceBytes: from.length === 4 ? 4 : 16 };
}

export const TRANSACTION_ID = "0badcafe";

export function connectPacket(): Buffer {
  return Buffer.from(`0000041727101980${"00000000"}${TRANSACTION_ID}`, "hex");
}

export type GivenAnnounce = {
  readonly infoHash?: string;
  readonly peerId?: string;
  readonly downloaded?: bigint;
  readonly left?: bigint;
  readonly uploaded?: bigint;
  readonly event?: number;
  readonly address?: string;
  readonly numWant?: number;
  readonly port?: number;
  readonly options?: Uint8Array;
};

/** The announce of a leecher at port 6881, unless told otherwise. */
export function announcePacket(connectionId: Uint8Array, differing: GivenAnnounce = {}): Buffer {
  const packet = Buffer.alloc(98);
  packet.set(connectionId);
  packet.writeUInt32BE(1, 8);
  packet.write(TRANSACTION_ID, 12, "hex");
  packet.write(differing.infoHash ?? "11".repeat(20), 16, "hex");
  packet.write(differing.peerId ?? "22".repeat(20), 36, "hex");
  packet.writeBigInt64BE(differing.downloaded ?? 0n, 56);
  packet.writeBigInt64BE(differing.left ?? 1_000n, 64);
  packet.writeBigInt64BE(differing.uploaded ?? 0n, 72);
  packet.writeUInt32BE(differing.event ?? 0, 80);
  packet.write(differing.address ?? "00000000", 84, "hex");
  packet.writeUInt32BE(0x12345678, 88);
  packet.writeInt32BE(differing.numWant ?? -1, 92);
  packet.writeUInt16BE(differing.port ?? 6881, 96);
  return Buffer.concat([packet, differing.options ?? Buffer.alloc(0)]);
}

export function scrapePacket(connectionId: Uint8Array, infoHashes: readonly string[]): Buffer {
  const head = Buffer.from(`${"00000002"}${TRANSACTION_ID}`, "hex");
  return Buffer.concat([connectionId, head, Buffer.from(infoHashes.join(""), "hex")]);
}

/** BEP 41's option, in as many pieces as it takes. */
export function urlOption(url: string): Buffer {
  const pieces = url.match(/.{1,255}/gs) ?? [""];
  return Buffer.concat(
    pieces.map((piece) => Buffer.concat([Buffer.from([2, piece.length]), Buffer.from(piece)])),
  );
}

/** The text of an error reply. */
export function errorText(reply: Buffer | null): string | null {
  if (reply === null || reply.readUInt32BE(0) !== 3) return null;
  return reply.subarray(8).toString("latin1");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
