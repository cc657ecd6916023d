import { INFO_HASH_BYTES, PEER_ID_BYTES } from "@seedfleet/bytes";
import type { PeerSample } from "@seedfleet/swarm";
import type { AddressBytes } from "../addresses/address-bytes.ts";
import type { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import type { ScrapeCounts } from "../announces/announces.ts";
import type { LastWord, ScrapeAsked } from "../announces/elsewhere.ts";
import type { TrackerViolation } from "../violation.ts";
import type { ThreadReader, ThreadWriter } from "./thread-bytes.ts";

/** What one thread asks another, and what it is answered; each begins with its kind and number. */
export const ANNOUNCE = 1;
export const SCRAPE = 2;
export const EVERY_SWARM = 3;
export const ANNOUNCED = 4;
export const SCRAPED = 5;
export const REFUSED = 6;
export const SWARMS = 7;
/** An announce whose number is the descriptor of its connection. */
export const HANDED_OVER = 8;

/** Swarms in one answer to `EVERY_SWARM`, some 0.2 ms; then announces get their turn. */
export const SWARMS_PER_ANSWER = 500;

/** In place of the row of a swarm: there is none behind it. */
export const NO_MORE_SWARMS = 0xffff_ffff;

const HEAD_BYTES = 5;
/** Longer ones are refused before: `UDP_PASSKEY_CHARS_MAX`, and those of HTTP have 32. */
const PASSKEY_LENGTH_MAX = 255;
const NO_PASSKEY = 0;
const NO_NUM_WANT = 0xffff;
const COUNTS_BYTES = 16;

const EVENTS: readonly AnnounceRequest["event"][] = [
  ...([null, "started", "completed", "stopped", "paused"] as const),
];

const KEEPS_PEER_ID = 1;
const COMPACT = 2;
const NO_PEER_ID = 4;

const ENDPOINT_BYTES = 18;
const ADDRESS_BYTES_MAX = 16;
const ANNOUNCE_BYTES_MAX =
  HEAD_BYTES + INFO_HASH_BYTES + PEER_ID_BYTES + 2 * ENDPOINT_BYTES + 24 + 8 + PASSKEY_LENGTH_MAX;

/** Begins a message; `bytes` is what follows at most. */
export function writeHead(
  writer: ThreadWriter,
  { kind, number }: { readonly kind: number; readonly number: number },
  bytes: number,
): void {
  writer.reserve(HEAD_BYTES + bytes);
  writer.uint8(kind);
  writer.uint32(number);
}

export function writeAnnounce(writer: ThreadWriter, number: number, asked: AnnounceRequest): void {
  writeHead(writer, { kind: ANNOUNCE, number }, ANNOUNCE_BYTES_MAX);
  writeAsked(writer, asked);
}

/** With the address that asked, which need not be where the peer listens. */
export function writeHandedOver(
  writer: ThreadWriter,
  { descriptor, asker }: LastWord,
  asked: AnnounceRequest,
): void {
  const head = { kind: HANDED_OVER, number: descriptor };
  writeHead(writer, head, 1 + ADDRESS_BYTES_MAX + ANNOUNCE_BYTES_MAX);
  writer.uint8(asker.length);
  writer.raw(asker.bytes, asker.length);
  writeAsked(writer, asked);
}

/** Reads what stands before the announce. */
export function readAsker(reader: ThreadReader, into: AddressBytes): void {
  into.length = reader.uint8() as 4 | 16;
  reader.raw(into.bytes, into.length);
}

function writeAsked(writer: ThreadWriter, asked: AnnounceRequest): void {
  writer.raw(asked.infoHash, INFO_HASH_BYTES);
  writer.raw(asked.peerId, PEER_ID_BYTES);
  writer.uint8(asked.endpointBytes);
  writer.raw(asked.endpoint, asked.endpointBytes);
  writer.uint8(asked.otherEndpointBytes);
  writer.raw(asked.otherEndpoint, asked.otherEndpointBytes);
  writer.float64(asked.uploadedBytes);
  writer.float64(asked.downloadedBytes);
  writer.float64(asked.leftBytes ?? Number.NaN);
  writer.uint8(EVENTS.indexOf(asked.event));
  writer.uint16(asked.numWant ?? NO_NUM_WANT);
  writer.uint8(
    (asked.keepsPeerId ? KEEPS_PEER_ID : 0) |
      (asked.compact ? COMPACT : 0) |
      (asked.noPeerId ? NO_PEER_ID : 0),
  );
  writePasskey(writer, asked.passkey);
}

export function readAnnounce(reader: ThreadReader, into: AnnounceRequest): void {
  reader.raw(into.infoHash, INFO_HASH_BYTES);
  reader.raw(into.peerId, PEER_ID_BYTES);
  into.endpointBytes = reader.uint8() as 6 | 18;
  reader.raw(into.endpoint, into.endpointBytes);
  into.otherEndpointBytes = reader.uint8() as 0 | 6 | 18;
  reader.raw(into.otherEndpoint, into.otherEndpointBytes);
  into.uploadedBytes = reader.float64();
  into.downloadedBytes = reader.float64();
  const leftBytes = reader.float64();
  into.leftBytes = Number.isNaN(leftBytes) ? null : leftBytes;
  into.event = EVENTS[reader.uint8()] ?? null;
  const numWant = reader.uint16();
  into.numWant = numWant === NO_NUM_WANT ? null : numWant;
  const flags = reader.uint8();
  into.keepsPeerId = (flags & KEEPS_PEER_ID) !== 0;
  into.compact = (flags & COMPACT) !== 0;
  into.noPeerId = (flags & NO_PEER_ID) !== 0;
  into.passkey = readPasskey(reader);
}

export function writeReply(writer: ThreadWriter, number: number, reply: AnnounceReply): void {
  const { peers, other } = reply;
  const peersBytes = (peers.count + other.count) * (ENDPOINT_BYTES + PEER_ID_BYTES + 1);
  writeHead(writer, { kind: ANNOUNCED, number }, 20 + 8 + peersBytes);
  writer.uint32(reply.seeders);
  writer.uint32(reply.leechers);
  writer.uint32(reply.downloaded);
  writer.uint32(reply.intervalS);
  writer.uint32(reply.minIntervalS);
  writePeers(writer, peers);
  writePeers(writer, other);
}

export function readReply(reader: ThreadReader, into: AnnounceReply): void {
  into.seeders = reader.uint32();
  into.leechers = reader.uint32();
  into.downloaded = reader.uint32();
  into.intervalS = reader.uint32();
  into.minIntervalS = reader.uint32();
  readPeers(reader, into.peers);
  readPeers(reader, into.other);
}

export function writeScrape(writer: ThreadWriter, number: number, asked: ScrapeAsked): void {
  writeHead(writer, { kind: SCRAPE, number }, INFO_HASH_BYTES + 1 + PASSKEY_LENGTH_MAX);
  writer.raw(asked.infoHash, INFO_HASH_BYTES);
  writePasskey(writer, asked.passkey);
}

/** The passkey; the info hash is written into `infoHash`. */
export function readScrape(reader: ThreadReader, infoHash: Uint8Array): string | null {
  reader.raw(infoHash, INFO_HASH_BYTES);
  return readPasskey(reader);
}

export function writeScraped(writer: ThreadWriter, number: number, counts: ScrapeCounts): void {
  writeHead(writer, { kind: SCRAPED, number }, COUNTS_BYTES);
  writeCounts(writer, counts);
}

export function writeRefused(
  writer: ThreadWriter,
  number: number,
  refused: TrackerViolation,
): void {
  const text = Buffer.from(JSON.stringify(refused), "latin1");
  writeHead(writer, { kind: REFUSED, number }, 2 + text.length);
  writer.uint16(text.length);
  writer.raw(text, text.length);
}

export function readRefused(reader: ThreadReader): TrackerViolation {
  return JSON.parse(reader.text(reader.uint16()));
}

export function writeSwarm(
  writer: ThreadWriter,
  infoHash: Uint8Array,
  counts: Readonly<ScrapeCounts>,
): void {
  writer.reserve(INFO_HASH_BYTES + COUNTS_BYTES);
  writer.raw(infoHash, INFO_HASH_BYTES);
  writeCounts(writer, counts);
}

function writeCounts(writer: ThreadWriter, counts: Readonly<ScrapeCounts>): void {
  writer.uint32(counts.seeders);
  writer.uint32(counts.leechers);
  writer.uint32(counts.partialSeeds);
  writer.uint32(counts.downloaded);
}

export function readCounts(reader: ThreadReader, into: ScrapeCounts): void {
  into.seeders = reader.uint32();
  into.leechers = reader.uint32();
  into.partialSeeds = reader.uint32();
  into.downloaded = reader.uint32();
}

function writePasskey(writer: ThreadWriter, passkey: string | null): void {
  const length = Math.min(passkey?.length ?? 0, PASSKEY_LENGTH_MAX);
  writer.uint8(length);
  if (passkey !== null && length > 0) writer.raw(Buffer.from(passkey, "latin1"), length);
}

function readPasskey(reader: ThreadReader): string | null {
  const length = reader.uint8();
  return length === NO_PASSKEY ? null : reader.text(length);
}

function writePeers(writer: ThreadWriter, peers: PeerSample): void {
  const { count, endpointBytes, wantPeerIds } = peers;
  writer.uint16(count);
  writer.uint8(endpointBytes);
  writer.uint8(wantPeerIds ? 1 : 0);
  writer.raw(peers.endpoints, count * endpointBytes);
  if (!wantPeerIds) return;
  writer.raw(peers.known, count);
  writer.raw(peers.peerIds, count * PEER_ID_BYTES);
}

function readPeers(reader: ThreadReader, into: PeerSample): void {
  const count = reader.uint16();
  into.clear(reader.uint8() as 6 | 18);
  into.count = count;
  into.wantPeerIds = reader.uint8() === 1;
  reader.raw(into.endpoints, count * into.endpointBytes);
  if (!into.wantPeerIds) {
    into.known.fill(0, 0, count);
    return;
  }
  reader.raw(into.known, count);
  reader.raw(into.peerIds, count * PEER_ID_BYTES);
}
