import type { Rng } from "@seedfleet/runtime";
import { chance, pick, randomBytesOf } from "./mutate.ts";

/** A tracker that is talked to, and the passkey that a private one wants. */
export type TrackerAt = {
  readonly host: string;
  readonly httpPort: number;
  readonly udpPort: number;
  readonly passkey: string | null;
};

export const CONNECT = 0;
export const ANNOUNCE = 1;
export const SCRAPE = 2;

const PROTOCOL_ID = 0x417_2710_1980n;
const ANNOUNCE_BYTES = 98;

/** Swarms that strange clients meet in; the good ones' hashes begin with 255. */
const SWARMS = 20;

/** Numbers as texts that clients say, or should not. */
const NUMBERS = ["0", "1", "-1", "200", "999999", "9007199254740993", "18446744073709551615", ""];

/** What clients say besides, of which a tracker needs nothing. */
const EXTRAS = [
  ...["supportcrypto=1", "corrupt=0", "redundant=0", "key=ABCDEF01", "azudp=1", "hide=1"],
  ...["no_peer_id=1", "compact=0", "compact=1", "trackerid=x", "ip=192.0.2.1", "ipv6=%3A%3A1"],
  ...["event=started", "event=stopped", "event=completed", "event=paused", "event=", "numwant=0"],
] as const;

const HEADERS = [
  ...["Host: tracker", "User-Agent: Client/1.0", "Accept-Encoding: gzip", "Connection: close"],
  ...["Connection: keep-alive", "X-Forwarded-For: 192.0.2.1", "Content-Length: 0"],
] as const;

/** A request over HTTP as clients make them, rarely one that asks for too much. */
export function anyHttpRequest({ passkey }: TrackerAt, rng: Rng): Buffer {
  const isScrape = chance(rng, 20);
  const prefix = passkey === null || chance(rng, 5) ? "" : `/${passkey}`;
  const query = isScrape ? scrapeQuery(rng) : announceQuery(rng);
  const headers = HEADERS.filter(() => chance(rng, 30)).map((header) => `${header}\r\n`);
  const version = chance(rng, 80) ? "1.1" : "1.0";
  const path = `${prefix}/${isScrape ? "scrape" : "announce"}`;
  return Buffer.from(`GET ${path}?${query} HTTP/${version}\r\n${headers.join("")}\r\n`, "latin1");
}

/** An announce that wants as much as there is, in the longest form. */
export function longestAnswer({ passkey }: TrackerAt): Buffer {
  const path = passkey === null ? "/announce" : `/${passkey}/announce`;
  const query = `info_hash=${escaped(swarm(0))}&peer_id=${escaped(swarm(1))}&port=1`;
  return Buffer.from(`GET ${path}?${query}&left=1&compact=0&numwant=200 HTTP/1.1\r\n\r\n`);
}

export function connectPacket(transaction: number): Buffer {
  const packet = Buffer.alloc(16);
  packet.writeBigUInt64BE(PROTOCOL_ID);
  packet.writeUInt32BE(CONNECT, 8);
  packet.writeUInt32BE(transaction, 12);
  return packet;
}

/** A packet as clients send it, of an address that has the connection id. */
export function anyUdpRequest(connectionId: Uint8Array, at: TrackerAt, rng: Rng): Buffer {
  const head = Buffer.alloc(16);
  head.set(connectionId);
  head.writeUInt32BE(chance(rng, 80) ? ANNOUNCE : SCRAPE, 8);
  head.writeUInt32BE(rng.below(2 ** 32), 12);
  if (head.readUInt32BE(8) === SCRAPE) {
    const hashes = Array.from({ length: 1 + rng.below(74) }, () => anySwarm(rng));
    return Buffer.concat([head, ...hashes]);
  }
  return udpAnnounce(head, {
    infoHash: anySwarm(rng),
    peerId: randomBytesOf(rng, 20),
    left: BigInt(rng.below(2)),
    event: rng.below(4),
    port: 1 + rng.below(65_535),
    passkey: at.passkey,
  });
}

export type UdpAnnounceSaid = {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly left: bigint;
  readonly event: number;
  readonly port: number;
  readonly passkey: string | null;
};

/** An announce behind its head of 16 bytes, with its URL where there is a passkey (BEP 41). */
export function udpAnnounce(head: Uint8Array, said: UdpAnnounceSaid): Buffer {
  const packet = Buffer.alloc(ANNOUNCE_BYTES);
  packet.set(head);
  packet.set(said.infoHash, 16);
  packet.set(said.peerId, 36);
  packet.writeBigInt64BE(said.left, 64);
  packet.writeUInt32BE(said.event, 80);
  packet.writeInt32BE(-1, 92);
  packet.writeUInt16BE(said.port, 96);
  if (said.passkey === null) return packet;
  const url = Buffer.from(`/${said.passkey}/announce`);
  return Buffer.concat([packet, Buffer.of(2, url.length), url]);
}

export function escaped(bytes: Uint8Array): string {
  return bytes.toHex().replaceAll(/../g, "%$&");
}

function announceQuery(rng: Rng): string {
  const parameters = [
    `info_hash=${escaped(anySwarm(rng))}`,
    `peer_id=${escaped(randomBytesOf(rng, 20))}`,
    `port=${1 + rng.below(65_535)}`,
    `left=${chance(rng, 90) ? String(rng.below(2)) : pick(NUMBERS, rng)}`,
    `uploaded=${chance(rng, 90) ? "0" : pick(NUMBERS, rng)}`,
    `numwant=${chance(rng, 90) ? String(rng.below(300)) : pick(NUMBERS, rng)}`,
    ...EXTRAS.filter(() => chance(rng, 10)),
  ];
  return parameters.join("&");
}

/** Of one torrent, of several, or of everything. */
function scrapeQuery(rng: Rng): string {
  const hashes = Array.from({ length: rng.below(70) }, () => `info_hash=${escaped(anySwarm(rng))}`);
  return hashes.join("&");
}

function anySwarm(rng: Rng): Buffer {
  return chance(rng, 95) ? swarm(rng.below(SWARMS)) : Buffer.of(0, ...randomBytesOf(rng, 19));
}

function swarm(index: number): Buffer {
  return Buffer.alloc(20, index).fill(0, 0, 1);
}
