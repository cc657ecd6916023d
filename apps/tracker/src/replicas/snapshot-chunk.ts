import type { PeerState, SnapshotPeer } from "@seedfleet/swarm";
import { ORIGIN_BYTES } from "./delta-batch.ts";

/** As of delta batches: other versions are not read. */
const VERSION = 1;

const RECORD_ORIGIN = 1;
const RECORD_SWARM = 2;
/** A peer's record is this and the flags of the peer. */
const RECORD_PEER = 128;
const IPV6 = 1;
const SEED = 2;
const PARTIAL_SEED = 4;
const PEER_ID = 8;

const SWARM_BYTES = 1 + 20 + 4;
const PEER_BYTES_MAX = 1 + 3 + 18 + 20;
const AGE_S_MAX = 2 ** 24 - 1;
const UINT32_MAX = 2 ** 32 - 1;

export type SnapshotVisitor = {
  origin(name: string, upTo: number): void;
  /** The peers that follow are of this swarm. The arrays are used again. */
  swarm(infoHash: Uint8Array, downloaded: number): void;
  peer(peer: SnapshotPeer): void;
};

/** Writes what a tracker has into chunks, each of which can be read without the others. */
export class SnapshotWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #swarm = new Uint8Array(SWARM_BYTES);
  #swarmWritten = true;
  #length = 1;

  constructor(options: { readonly bytesMax: number }) {
    this.#bytes = new Uint8Array(options.bytesMax);
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes[0] = VERSION;
  }

  /** Whether the next record may find no room: time to `take`. */
  get full(): boolean {
    return this.#length + SWARM_BYTES + PEER_BYTES_MAX > this.#bytes.length;
  }

  get empty(): boolean {
    return this.#length === 1;
  }

  origin(name: string, upTo: number): void {
    const at = this.#length;
    this.#bytes[at] = RECORD_ORIGIN;
    this.#bytes.set(Uint8Array.fromHex(name), at + 1);
    this.#view.setUint32(at + 1 + ORIGIN_BYTES, upTo);
    this.#length = at + 1 + ORIGIN_BYTES + 4;
  }

  /** The peers that follow are of this swarm; one without peers is told for its downloads. */
  swarm(infoHash: Uint8Array, downloaded: number): void {
    this.#swarm[0] = RECORD_SWARM;
    this.#swarm.set(infoHash, 1);
    new DataView(this.#swarm.buffer).setUint32(21, Math.min(downloaded, UINT32_MAX));
    this.#swarmWritten = false;
    if (downloaded > 0) this.#writeSwarm();
  }

  peer({ ageMs, state, endpoint, endpointBytes, peerId, peerIdKnown }: SnapshotPeer): void {
    if (!this.#swarmWritten) this.#writeSwarm();
    const bytes = this.#bytes;
    let at = this.#length;
    const age = Math.min(AGE_S_MAX, Math.max(0, Math.floor(ageMs / 1_000)));
    const stateFlags = state === "seed" ? SEED : state === "partial-seed" ? PARTIAL_SEED : 0;
    const familyFlag = endpointBytes === 18 ? IPV6 : 0;
    bytes[at] = RECORD_PEER | familyFlag | stateFlags | (peerIdKnown ? PEER_ID : 0);
    bytes[at + 1] = age >> 16;
    bytes[at + 2] = age >> 8;
    bytes[at + 3] = age;
    at += 4;
    for (let byte = 0; byte < endpointBytes; byte += 1) bytes[at + byte] = endpoint[byte] ?? 0;
    at += endpointBytes;
    if (peerIdKnown) {
      bytes.set(peerId, at);
      at += 20;
    }
    this.#length = at;
  }

  /** A copy of the chunk; the writer goes on with the next, in the same swarm. */
  take(): Uint8Array {
    const chunk = this.#bytes.slice(0, this.#length);
    this.#length = 1;
    if (this.#swarm[0] === RECORD_SWARM) this.#swarmWritten = false;
    return chunk;
  }

  #writeSwarm(): void {
    this.#bytes.set(this.#swarm, this.#length);
    this.#length += SWARM_BYTES;
    this.#swarmWritten = true;
  }
}

/** Reads one chunk. False if it is cut, or has what it cannot have: what is before was visited. */
export function readSnapshotChunk(chunk: Uint8Array, visitor: SnapshotVisitor): boolean {
  if (chunk[0] !== VERSION) return false;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const peer = new ReadPeer();
  let inSwarm = false;
  let at = 1;
  while (at < chunk.length) {
    const kind = chunk[at] ?? 0;
    const end = at + recordBytes(kind);
    if (end === at || end > chunk.length) return false;
    if (kind === RECORD_ORIGIN) {
      const name = chunk.subarray(at + 1, at + 1 + ORIGIN_BYTES).toHex();
      visitor.origin(name, view.getUint32(at + 1 + ORIGIN_BYTES));
    } else if (kind === RECORD_SWARM) {
      visitor.swarm(chunk.subarray(at + 1, at + 21), view.getUint32(at + 21));
      inSwarm = true;
    } else {
      if (!inSwarm) return false;
      readPeer(chunk, at, peer);
      visitor.peer(peer);
    }
    at = end;
  }
  return true;
}

/** 0 of a kind that there is not. */
function recordBytes(kind: number): number {
  if (kind === RECORD_ORIGIN) return 1 + ORIGIN_BYTES + 4;
  if (kind === RECORD_SWARM) return SWARM_BYTES;
  if (kind < RECORD_PEER || kind > (RECORD_PEER | IPV6 | SEED | PARTIAL_SEED | PEER_ID)) return 0;
  return 4 + (kind & IPV6 ? 18 : 6) + (kind & PEER_ID ? 20 : 0);
}

function readPeer(chunk: Uint8Array, at: number, peer: ReadPeer): void {
  const flags = chunk[at] ?? 0;
  const endpointAt = at + 4;
  const ageS = ((chunk[at + 1] ?? 0) << 16) | ((chunk[at + 2] ?? 0) << 8) | (chunk[at + 3] ?? 0);
  peer.ageMs = ageS * 1_000;
  peer.state = flags & SEED ? "seed" : flags & PARTIAL_SEED ? "partial-seed" : "leecher";
  peer.endpointBytes = flags & IPV6 ? 18 : 6;
  peer.endpoint.set(chunk.subarray(endpointAt, endpointAt + peer.endpointBytes));
  peer.peerIdKnown = (flags & PEER_ID) !== 0;
  const peerIdAt = endpointAt + peer.endpointBytes;
  if (peer.peerIdKnown) peer.peerId.set(chunk.subarray(peerIdAt, peerIdAt + 20));
  else peer.peerId.fill(0);
}

/** The one peer that a visitor is given again and again. */
class ReadPeer implements SnapshotPeer {
  readonly endpoint: Uint8Array = new Uint8Array(18);
  endpointBytes: 6 | 18 = 6;
  readonly peerId: Uint8Array = new Uint8Array(20);
  peerIdKnown = false;
  state: PeerState = "leecher";
  /** In whole seconds, so that the clocks of trackers need not agree to the millisecond. */
  ageMs = 0;
}
