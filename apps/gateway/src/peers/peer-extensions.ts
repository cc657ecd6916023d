import {
  decodeDontHaveMessage,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodePexMessage,
  EXTENSION_HANDSHAKE_ID,
  type ExtensionHandshake,
  type ExtensionViolation,
  encodeExtensionHandshake,
  encodeMessage,
  encodeMetadataMessage,
  METADATA_PIECE_BYTES,
  type PexAddress,
} from "@seedfleet/wire";
import {
  EXTENSION_FAULTS_MAX,
  METADATA_REJECTS_MAX,
  METADATA_SERVINGS_MAX,
} from "./peer-limits.ts";
import { PexAllowance } from "./pex-allowance.ts";

/** By which ids peers send us these messages. */
const OUR_IDS = { metadata: 1, pex: 2, dontHave: 3 } as const;

const NOTHING: readonly Uint8Array[] = [];

export type ExtensionOffer = {
  readonly metadataSizeBytes: number;
  /** BEP 27: peers of a private torrent come from its tracker only. */
  readonly isPrivate: boolean;
  /** What is left out of the handshake when it is not known. */
  readonly yourIp: string | null;
  readonly listenPort: number | null;
  readonly client: string;
  readonly requestsQueuedMax: number;
  readonly uploadOnly: boolean;
  /** Told of peers that PEX names; null where nobody has a use for them. */
  readonly peersFound: ((addresses: readonly PexAddress[]) => void) | null;
};

/** What came of an extension message. */
export type ExtensionOutcome =
  | { readonly kind: "nothing" }
  | { readonly kind: "piece-lost"; readonly piece: number }
  | { readonly kind: "violation"; readonly code: ExtensionViolationCode };

export type ExtensionViolationCode = ExtensionViolation["code"] | "metadata-flood" | "pex-flood";

const DONE: ExtensionOutcome = { kind: "nothing" };

/**
 * BEP 10's side of one connection, sans-IO: what the peer says of itself, who gets metadata (BEP
 * 9), and that nobody floods us. A seed has
 * no use for the peers that PEX (BEP 11) names; a download has.
 */
export class PeerExtensions {
  readonly #offer: ExtensionOffer;
  /** Some clients ask for all of it at once; how often they may bounds this too. */
  readonly #metadataQueue: number[] = [];
  #metadataServings: number;
  #metadataRejects = 0;
  #faults = 0;
  readonly #pexAllowance: PexAllowance;
  #outgoing: Uint8Array[] = [];
  #metadataId = 0;
  #pexId = 0;
  #dontHaveId = 0;
  #onlyUploads: boolean;
  /** What the peer said of itself so far. */
  client: string | null = null;
  listenPort: number | null = null;
  uploadOnly = false;

  constructor(offer: ExtensionOffer, nowMs: number) {
    this.#offer = offer;
    this.#onlyUploads = offer.uploadOnly;
    this.#pexAllowance = new PexAllowance(nowMs);
    const pieces = Math.ceil(offer.metadataSizeBytes / METADATA_PIECE_BYTES);
    this.#metadataServings = METADATA_SERVINGS_MAX * pieces;
  }

  /** Our extension handshake, as a whole message. */
  hello(): Uint8Array {
    const { metadataSizeBytes, isPrivate, yourIp, listenPort } = this.#offer;
    const { client, requestsQueuedMax } = this.#offer;
    const uploadOnly = this.#onlyUploads;
    const payload = encodeExtensionHandshake({
      messageIds: { ...OUR_IDS, pex: isPrivate ? null : OUR_IDS.pex },
      ...{ metadataSizeBytes, requestsQueuedMax, client, yourIp, listenPort, uploadOnly },
    });
    return encodeMessage({ kind: "extended", extendedId: EXTENSION_HANDSHAKE_ID, payload });
  }

  /** We want nothing more from now on (BEP 21): the handshake once more, or null if it said so. */
  onlyUpload(): Uint8Array | null {
    if (this.#onlyUploads) return null;
    this.#onlyUploads = true;
    return this.hello();
  }

  /** Whether the peer takes messages of PEX of this torrent. */
  get takesPex(): boolean {
    return this.#pexId !== 0 && !this.#offer.isPrivate;
  }

  receive(extendedId: number, payload: Uint8Array, nowMs: number): ExtensionOutcome {
    switch (extendedId) {
      case EXTENSION_HANDSHAKE_ID:
        return this.#handshake(decodeExtensionHandshake(payload));
      case OUR_IDS.metadata:
        return this.#metadata(payload);
      case OUR_IDS.pex:
        return this.#pex(payload, nowMs);
      case OUR_IDS.dontHave:
        return this.#dontHave(payload);
      default:
        return DONE;
    }
  }

  /** Short answers, to be sent now. */
  takeOutgoing(): readonly Uint8Array[] {
    if (this.#outgoing.length === 0) return NOTHING;
    const taken = this.#outgoing;
    this.#outgoing = [];
    return taken;
  }

  /** The next piece of metadata to send, as a whole message; null when none is asked for. */
  takeMetadata(infoBytes: Uint8Array): Uint8Array | null {
    const piece = this.#metadataQueue.shift();
    if (piece === undefined) return null;
    const at = piece * METADATA_PIECE_BYTES;
    const payload = encodeMetadataMessage({
      kind: "metadata-data",
      piece,
      totalSizeBytes: infoBytes.length,
      data: infoBytes.subarray(at, at + METADATA_PIECE_BYTES),
    });
    return encodeMessage({ kind: "extended", extendedId: this.#metadataId, payload });
  }

  get hasMetadataToSend(): boolean {
    return this.#metadataQueue.length > 0;
  }

  /** A message of PEX for this peer; null for one that takes none. */
  pexMessage(payload: Uint8Array): Uint8Array | null {
    if (!this.takesPex) return null;
    return encodeMessage({ kind: "extended", extendedId: this.#pexId, payload });
  }

  /** Says that we lost a piece (BEP 54); null for a peer that does not speak it. */
  dontHaveMessage(payload: Uint8Array): Uint8Array | null {
    if (this.#dontHaveId === 0) return null;
    return encodeMessage({ kind: "extended", extendedId: this.#dontHaveId, payload });
  }

  /** May come again later and then tells what changed. */
  #handshake(handshake: ExtensionHandshake | ExtensionViolation): ExtensionOutcome {
    if ("code" in handshake) return this.#fault(handshake);
    const { messageIds, client, listenPort, uploadOnly } = handshake;
    this.#metadataId = messageIds.metadata ?? this.#metadataId;
    this.#pexId = messageIds.pex ?? this.#pexId;
    this.#dontHaveId = messageIds.dontHave ?? this.#dontHaveId;
    this.client = client ?? this.client;
    this.listenPort = listenPort ?? this.listenPort;
    this.uploadOnly = uploadOnly ?? this.uploadOnly;
    return DONE;
  }

  #metadata(payload: Uint8Array): ExtensionOutcome {
    const message = decodeMetadataMessage(payload);
    if (message.kind === "violation") return this.#fault(message);
    // A seed asks for none, so whatever else comes is of no use.
    if (message.kind !== "metadata-request" || this.#metadataId === 0) return DONE;
    const { piece } = message;
    const isThere = piece * METADATA_PIECE_BYTES < this.#offer.metadataSizeBytes;
    if (isThere && this.#metadataServings > 0) {
      this.#metadataServings -= 1;
      this.#metadataQueue.push(piece);
      return DONE;
    }
    this.#metadataRejects += 1;
    if (this.#metadataRejects > METADATA_REJECTS_MAX) {
      return { kind: "violation", code: "metadata-flood" };
    }
    const reject = encodeMetadataMessage({ kind: "metadata-reject", piece });
    this.#outgoing.push(
      encodeMessage({ kind: "extended", extendedId: this.#metadataId, payload: reject }),
    );
    return DONE;
  }

  #pex(payload: Uint8Array, nowMs: number): ExtensionOutcome {
    if (!this.#pexAllowance.take(nowMs)) return { kind: "violation", code: "pex-flood" };
    const message = decodePexMessage(payload);
    if ("code" in message) return this.#fault(message);
    this.#offer.peersFound?.(message.added);
    return DONE;
  }

  #dontHave(payload: Uint8Array): ExtensionOutcome {
    const message = decodeDontHaveMessage(payload);
    if (message.kind === "violation") return this.#fault(message);
    return { kind: "piece-lost", piece: message.piece };
  }

  /** A message that makes no sense breaks no rule of BEP 3; who sends many has no good in mind. */
  #fault(violation: ExtensionViolation): ExtensionOutcome {
    this.#faults += 1;
    return this.#faults > EXTENSION_FAULTS_MAX ? violation : DONE;
  }
}
