import type { PeerEndpoint } from "@seedfleet/swarm";
import { AnnounceRequest } from "../announces/announce-request.ts";

/** Other versions are not read: while a fleet is updated, trackers learn by announces alone. */
const VERSION = 2;

/** Random bytes that a tracker makes at its start: the numbers of its batches count from there. */
export const ORIGIN_BYTES = 8;

/** Version, origin, number of the batch (4), age in ms (4), entries (2). */
const HEADER_BYTES = 1 + ORIGIN_BYTES + 4 + 4 + 2;
const SEQUENCE_AT = 1 + ORIGIN_BYTES;
const AGE_AT = SEQUENCE_AT + 4;
const COUNT_AT = AGE_AT + 4;

const IPV6 = 1;
const STOPPED = 2;
const COMPLETED = 4;
const PAUSED = 8;
const SEED = 16;
const AMOUNTS = 32;
/** The peer id is not to be kept; it is there only beside amounts, which are told by it. */
const NO_PEER_ID = 64;
const KNOWN_FLAGS = 127;

const INFO_HASH_BYTES = 20;
const PEER_ID_BYTES = 20;
const AMOUNTS_BYTES = 16;
const ENTRY_BYTES_MAX = 1 + INFO_HASH_BYTES + PEER_ID_BYTES + 18 + AMOUNTS_BYTES;

const ENTRIES_MAX = 0xffff;

/** One for each address family of its peer. */
const ENTRIES_PER_ANNOUNCE_MAX = 2;
const UINT32_VALUES = 2 ** 32;
const AGE_MS_MAX = UINT32_VALUES - 1;

export type DeltaHeader = {
  /** In hex. */
  readonly origin: string;
  /** 1 is a tracker's first batch; an empty batch repeats the number of the one before. */
  readonly sequence: number;
  /** How long ago it was made, so that the clocks of trackers need not agree. */
  readonly ageMs: number;
  readonly count: number;
};

/**
 * Gathers announces as the other replicas of a tracker are told of them: some 47 bytes each, 27 of
 * one that came by UDP.
 */
export class DeltaWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #withAmounts: boolean;
  #length = HEADER_BYTES;
  #count = 0;

  /** `withAmounts` tells also what peers have moved, which only a private tracker wants to know. */
  constructor(options: { readonly bytesMax: number; readonly withAmounts: boolean }) {
    this.#bytes = new Uint8Array(options.bytesMax);
    this.#view = new DataView(this.#bytes.buffer);
    this.#withAmounts = options.withAmounts;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether the next announce may find no room. */
  get full(): boolean {
    const entriesFull = this.#count > ENTRIES_MAX - ENTRIES_PER_ANNOUNCE_MAX;
    const bytesMax = this.#bytes.length - ENTRIES_PER_ANNOUNCE_MAX * ENTRY_BYTES_MAX;
    return entriesFull || this.#length > bytesMax;
  }

  add(request: AnnounceRequest): void {
    const flags = flagsOf(request);
    this.#addEntry(request, flags, request);
    const { otherEndpoint: endpoint, otherEndpointBytes: endpointBytes } = request;
    if (endpointBytes === 0) return;
    // One download, however many addresses its peer has.
    this.#addEntry(request, flags & ~COMPLETED, { endpoint, endpointBytes });
  }

  #addEntry(
    request: AnnounceRequest,
    flags: number,
    { endpoint, endpointBytes }: PeerEndpoint,
  ): void {
    const bytes = this.#bytes;
    let at = this.#length;
    const entryFlags =
      flags | (endpointBytes === 18 ? IPV6 : 0) | (this.#withAmounts ? AMOUNTS : 0);
    bytes[at] = entryFlags;
    at = this.#write(request.infoHash, INFO_HASH_BYTES, at + 1);
    if (hasPeerId(entryFlags)) at = this.#write(request.peerId, PEER_ID_BYTES, at);
    at = this.#write(endpoint, endpointBytes, at);
    if (this.#withAmounts) {
      this.#writeAmount(at, request.uploadedBytes);
      this.#writeAmount(at + 8, request.downloadedBytes);
      at += AMOUNTS_BYTES;
    }
    this.#length = at;
    this.#count += 1;
  }

  /** A copy of the batch, which `stampBatch` makes ready for the bus; the writer is empty then. */
  take(): Uint8Array {
    this.#bytes[0] = VERSION;
    this.#view.setUint16(COUNT_AT, this.#count);
    const batch = this.#bytes.slice(0, this.#length);
    this.#length = HEADER_BYTES;
    this.#count = 0;
    return batch;
  }

  /** Where it ends. */
  #write(source: Uint8Array, length: number, at: number): number {
    const bytes = this.#bytes;
    for (let byte = 0; byte < length; byte += 1) bytes[at + byte] = source[byte] ?? 0;
    return at + length;
  }

  #writeAmount(at: number, amount: number): void {
    this.#view.setUint32(at, Math.floor(amount / UINT32_VALUES));
    this.#view.setUint32(at + 4, amount % UINT32_VALUES);
  }
}

/** Writes whose batch it is, and its number. */
export function stampBatch(batch: Uint8Array, origin: string, sequence: number): void {
  batch.set(Uint8Array.fromHex(origin), 1);
  new DataView(batch.buffer, batch.byteOffset, batch.length).setUint32(SEQUENCE_AT, sequence);
}

/** Writes how old a batch is that is sent once more. */
export function setBatchAge(batch: Uint8Array, ageMs: number): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  view.setUint32(AGE_AT, Math.min(AGE_MS_MAX, Math.max(0, Math.round(ageMs))));
}

/** The head of a batch; null if these bytes are none, or of another version. */
export function readDeltaHeader(batch: Uint8Array): DeltaHeader | null {
  if (batch.length < HEADER_BYTES || batch[0] !== VERSION) return null;
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  return {
    origin: batch.subarray(1, SEQUENCE_AT).toHex(),
    sequence: view.getUint32(SEQUENCE_AT),
    ageMs: view.getUint32(AGE_AT),
    count: view.getUint16(COUNT_AT),
  };
}

/**
 * Reads the announces of a batch, one after the other, into one request that `visit` must not keep.
 * False if the batch ends too early or has something it cannot have: those before were visited.
 */
export function readDeltas(
  batch: Uint8Array,
  visit: (request: AnnounceRequest, withAmounts: boolean) => void,
): boolean {
  const header = readDeltaHeader(batch);
  if (header === null) return false;
  const request = new AnnounceRequest();
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  let at = HEADER_BYTES;
  for (let entry = 0; entry < header.count; entry += 1) {
    const flags = batch[at] ?? 0;
    const endpointBytes = flags & IPV6 ? 18 : 6;
    const amountsBytes = flags & AMOUNTS ? AMOUNTS_BYTES : 0;
    const peerIdAt = at + 1 + INFO_HASH_BYTES;
    const endpointAt = peerIdAt + (hasPeerId(flags) ? PEER_ID_BYTES : 0);
    const end = endpointAt + endpointBytes + amountsBytes;
    if (end > batch.length || flags > KNOWN_FLAGS) return false;
    copyBytes(batch, at + 1, request.infoHash);
    if (hasPeerId(flags)) copyBytes(batch, peerIdAt, request.peerId);
    request.keepsPeerId = (flags & NO_PEER_ID) === 0;
    for (let byte = 0; byte < endpointBytes; byte += 1) {
      request.endpoint[byte] = batch[endpointAt + byte] ?? 0;
    }
    request.endpointBytes = endpointBytes;
    request.leftBytes = flags & SEED ? 0 : 1;
    request.event = eventOf(flags);
    if (amountsBytes > 0) {
      request.uploadedBytes = readAmount(view, end - 16);
      request.downloadedBytes = readAmount(view, end - 8);
    }
    visit(request, amountsBytes > 0);
    at = end;
  }
  return at === batch.length;
}

/** Fills `into`: a few bytes are copied before `set` would have begun. */
function copyBytes(from: Uint8Array, at: number, into: Uint8Array): void {
  for (let each = 0; each < into.length; each += 1) into[each] = from[at + each] ?? 0;
}

function hasPeerId(flags: number): boolean {
  return (flags & (NO_PEER_ID | AMOUNTS)) !== NO_PEER_ID;
}

function flagsOf({ leftBytes, event, keepsPeerId }: AnnounceRequest): number {
  return (
    (keepsPeerId ? 0 : NO_PEER_ID) |
    (event === "stopped" ? STOPPED : 0) |
    (event === "completed" ? COMPLETED : 0) |
    (event === "paused" ? PAUSED : 0) |
    (leftBytes === 0 ? SEED : 0)
  );
}

function eventOf(flags: number): AnnounceRequest["event"] {
  if (flags & STOPPED) return "stopped";
  if (flags & COMPLETED) return "completed";
  return flags & PAUSED ? "paused" : null;
}

/** Beyond 2⁵³ an amount is not exact; a peer that claims so much has no claim to more. */
function readAmount(view: DataView, at: number): number {
  return Math.min(
    view.getUint32(at) * UINT32_VALUES + view.getUint32(at + 4),
    Number.MAX_SAFE_INTEGER,
  );
}
