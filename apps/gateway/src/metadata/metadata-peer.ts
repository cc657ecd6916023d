import type { HostPort } from "@seedfleet/contracts";
import { type Clock, VERSION } from "@seedfleet/runtime";
import {
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodePexMessage,
  EXTENSION_HANDSHAKE_ID,
  type ExtensionHandshake,
  encodeExtensionHandshake,
  encodeMessage,
  encodeMetadataMessage,
  type HashRange,
  type MetadataMessage,
  type PeerMessage,
  WireDecoder,
  type WireViolation,
} from "@seedfleet/wire";
import type { CloseReason } from "../peers/close-reason.ts";
import type { ExtensionViolationCode } from "../peers/peer-extensions.ts";
import {
  EXTENSION_FAULTS_MAX,
  KEEP_ALIVE_INTERVAL_MS,
  METADATA_REJECTS_MAX,
  PEER_IDLE_MS_MAX,
  REQUESTS_QUEUED_MAX,
} from "../peers/peer-limits.ts";
import type { PeerStream } from "../peers/peer-stream.ts";
import { PexAllowance } from "../peers/pex-allowance.ts";
import { plausible } from "./hearsay.ts";
import {
  METADATA_MESSAGE_BYTES_MAX,
  METADATA_PEER_MS_MAX,
  PEX_PEERS_OF_PEER_MAX,
  USELESS_BYTES_MAX,
  USELESS_MS_MAX,
} from "./metadata-limits.ts";
import type { PeerFaultCode } from "./peer-fault.ts";

/** By which ids peers send us these messages. */
const OUR_IDS = { metadata: 1, pex: 2, dontHave: null } as const;

/** Why a peer that was asked for metadata was left, or left. */
export type MetadataEnd =
  | CloseReason
  | ExtensionViolationCode
  | PeerFaultCode
  | "no-extensions"
  | "no-hashes"
  | "useless-bytes"
  | "makes-room"
  | "done";

/** What a peer has said, to whoever asked; true where it was of use. */
export interface MetadataPeerEvents {
  hasMetadata(peer: MetadataPeer, sizeBytes: number): void;
  metadataCame(
    peer: MetadataPeer,
    message: Extract<MetadataMessage, { readonly kind: "metadata-data" }>,
  ): boolean;
  metadataRejected(peer: MetadataPeer, piece: number): void;
  hashesCame(peer: MetadataPeer, range: HashRange, hashes: Uint8Array): boolean;
  hashesRejected(peer: MetadataPeer, range: HashRange): void;
  toldOf(peer: MetadataPeer, addresses: readonly HostPort[]): void;
  ended(peer: MetadataPeer, reason: MetadataEnd): void;
}

export type MetadataPeerOptions = {
  /** As `PeerBook` counts it. */
  readonly number: number;
  readonly host: string;
  /** Where peers reach us; null is not said. */
  readonly listenPort: number | null;
  /** Whether it answered by the v2 side: asked for hashes by v1, libtorrent closes. */
  readonly takesHashes: boolean;
};

export type MetadataPeerPorts = { readonly clock: Clock; readonly events: MetadataPeerEvents };

/** A peer, behind its handshake, that is asked for metadata (BEP 9, 10) and hashes (BEP 52). */
export class MetadataPeer {
  readonly number: number;
  readonly takesHashes: boolean;
  readonly #clock: Clock;
  readonly #stream: PeerStream;
  readonly #options: MetadataPeerOptions;
  readonly #events: MetadataPeerEvents;
  readonly #decoder = new WireDecoder({ lengthMax: METADATA_MESSAGE_BYTES_MAX });
  readonly #pex: PexAllowance;
  readonly #sinceMs: number;
  #heardAtMs: number;
  #usedAtMs: number;
  #spokeAtMs: number;
  #metadataId = 0;
  #faults = 0;
  #rejects = 0;
  #toldOf = 0;
  #uselessBytes = 0;
  #hasEnded = false;
  /** Whether it gave any of what it was asked for. */
  wasOfUse = false;

  constructor(ports: MetadataPeerPorts, stream: PeerStream, options: MetadataPeerOptions) {
    const nowMs = ports.clock.nowMs();
    this.number = options.number;
    this.takesHashes = options.takesHashes;
    this.#clock = ports.clock;
    this.#events = ports.events;
    this.#stream = stream;
    this.#options = options;
    this.#pex = new PexAllowance(nowMs);
    this.#sinceMs = nowMs;
    this.#heardAtMs = nowMs;
    this.#usedAtMs = nowMs;
    this.#spokeAtMs = nowMs;
  }

  /** Introduces us, and reads what comes from now on, after what came with the handshake. */
  start(rest: Uint8Array): void {
    const { host, listenPort } = this.#options;
    const hello = encodeExtensionHandshake({
      messageIds: OUR_IDS,
      metadataSizeBytes: null,
      requestsQueuedMax: REQUESTS_QUEUED_MAX,
      client: `Seedfleet ${VERSION}`,
      yourIp: host,
      listenPort,
      uploadOnly: null,
    });
    this.#extend(EXTENSION_HANDSHAKE_ID, hello);
    this.#stream.open(
      (bytes) => this.#receive(bytes),
      () => this.close("peer-closed"),
    );
    this.#receive(rest);
    if (!this.#hasEnded) this.#stream.readOrNot(true);
  }

  askMetadata(piece: number): void {
    this.#extend(this.#metadataId, encodeMetadataMessage({ kind: "metadata-request", piece }));
  }

  askHashes(range: HashRange): void {
    this.#say({ kind: "hash-request", ...range });
  }

  /** `othersWait` is whether its place is wanted. */
  checkAlive(othersWait: boolean): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#heardAtMs >= PEER_IDLE_MS_MAX) return this.close("idle");
    const isUseless = nowMs - this.#usedAtMs >= USELESS_MS_MAX;
    const isLong = nowMs - this.#sinceMs >= METADATA_PEER_MS_MAX;
    if (othersWait && (isUseless || isLong)) return this.close("makes-room");
    if (nowMs - this.#spokeAtMs >= KEEP_ALIVE_INTERVAL_MS) this.#say({ kind: "keep-alive" });
  }

  close(reason: MetadataEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stream.destroy();
    this.#events.ended(this, reason);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    this.#heardAtMs = this.#clock.nowMs();
    this.#uselessBytes += bytes.length;
    this.#decoder.push(bytes);
    while (!this.#hasEnded) {
      const message = this.#decoder.next();
      if (message === null) break;
      if (message.kind === "violation") return this.close(message.code);
      this.#handle(message);
    }
    if (this.#uselessBytes > USELESS_BYTES_MAX) this.close("useless-bytes");
  }

  #handle(message: Exclude<PeerMessage, WireViolation>): void {
    if (message.kind === "extended") return this.#extended(message.extendedId, message.payload);
    if (message.kind === "hashes") {
      if (this.#events.hashesCame(this, message, message.hashes)) this.#used(message.hashes.length);
    } else if (message.kind === "hash-reject") this.#events.hashesRejected(this, message);
    // What it has and whom it chokes is nothing to who wants no blocks.
  }

  #extended(extendedId: number, payload: Uint8Array): void {
    if (extendedId === EXTENSION_HANDSHAKE_ID) this.#hello(decodeExtensionHandshake(payload));
    else if (extendedId === OUR_IDS.metadata) this.#metadata(decodeMetadataMessage(payload));
    else if (extendedId === OUR_IDS.pex) this.#told(payload);
  }

  /** May come again, and then tells what changed: that it has the metadata by now. */
  #hello(handshake: ReturnType<typeof decodeExtensionHandshake>): void {
    if (isViolation(handshake)) return this.#fault(handshake.code);
    const { messageIds, metadataSizeBytes } = handshake;
    if (messageIds.metadata === 0 && this.#metadataId !== 0) return this.close("no-extensions");
    this.#metadataId = messageIds.metadata ?? this.#metadataId;
    if (this.#metadataId === 0 || metadataSizeBytes === null) return;
    this.#events.hasMetadata(this, metadataSizeBytes);
  }

  #metadata(message: ReturnType<typeof decodeMetadataMessage>): void {
    switch (message.kind) {
      case "metadata-data":
        if (this.#events.metadataCame(this, message)) this.#used(message.data.length);
        return;
      case "metadata-reject":
        this.#events.metadataRejected(this, message.piece);
        return;
      case "metadata-request":
        return this.#reject(message.piece);
      case "metadata-unknown":
        return;
      case "violation":
        return this.#fault(message.code);
    }
  }

  /** We have none to give; who asks for ever wants none. */
  #reject(piece: number): void {
    this.#rejects += 1;
    if (this.#rejects > METADATA_REJECTS_MAX) return this.close("metadata-flood");
    if (this.#metadataId === 0) return;
    this.#extend(this.#metadataId, encodeMetadataMessage({ kind: "metadata-reject", piece }));
  }

  #told(payload: Uint8Array): void {
    if (!this.#pex.take(this.#clock.nowMs())) return this.close("pex-flood");
    const message = decodePexMessage(payload);
    if ("code" in message) return this.#fault(message.code);
    const left = PEX_PEERS_OF_PEER_MAX - this.#toldOf;
    const added = plausible(message.added, this.#options.host).slice(0, left);
    this.#toldOf += added.length;
    if (added.length > 0) this.#events.toldOf(this, added);
  }

  #fault(code: ExtensionViolationCode): void {
    this.#faults += 1;
    if (this.#faults > EXTENSION_FAULTS_MAX) this.close(code);
  }

  #used(byteLength: number): void {
    this.wasOfUse = true;
    this.#usedAtMs = this.#clock.nowMs();
    this.#uselessBytes = Math.max(0, this.#uselessBytes - byteLength);
  }

  #extend(extendedId: number, payload: Uint8Array): void {
    this.#say({ kind: "extended", extendedId, payload });
  }

  #say(message: Parameters<typeof encodeMessage>[0]): void {
    if (this.#hasEnded) return;
    this.#spokeAtMs = this.#clock.nowMs();
    this.#stream.write(encodeMessage(message));
  }
}

function isViolation(
  handshake: ReturnType<typeof decodeExtensionHandshake>,
): handshake is Exclude<typeof handshake, ExtensionHandshake> {
  return "code" in handshake;
}
