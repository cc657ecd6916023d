import type { PeerKey } from "@seedfleet/choker";
import type { PeerMessage, PexAddress } from "@seedfleet/wire";
import type { DownloadFromPeer, SaidPieces } from "../downloads/download-from-peer.ts";
import type { BatchedPort } from "./batched-port.ts";
import type { FromWorker, SourceMessage } from "./worker-messages.ts";

/**
 * A torrent's download as a thread of peers sees it: the download is the other thread's, which is
 * told of all that peers here say of it, and of each block.
 */
export class RemoteDownload {
  readonly #port: BatchedPort<FromWorker>;
  readonly #torrent: number;

  constructor(port: BatchedPort<FromWorker>, torrent: number) {
    this.#port = port;
    this.#torrent = torrent;
  }

  readonly peersFound = (addresses: readonly PexAddress[]): void => {
    this.#port.post({ kind: "peers-found", torrent: this.#torrent, addresses });
  };

  from(peerKey: PeerKey): DownloadFromPeer {
    return new RemoteSource(this.#port, peerKey);
  }
}

/** One peer's part in it. What follows from what it says comes back as messages for it. */
class RemoteSource implements DownloadFromPeer {
  /** What is known of it the other thread knows. */
  readonly wasOfUse = false;
  readonly receivedBytes = 0;
  readonly amInterested = false;
  readonly unchokedUsAtMs = null;
  readonly blockAtMs = null;
  readonly #port: BatchedPort<FromWorker>;
  readonly #peerKey: PeerKey;
  #ended = false;

  constructor(port: BatchedPort<FromWorker>, peerKey: PeerKey) {
    this.#port = port;
    this.#peerKey = peerKey;
  }

  /** It may be, as far as is known here. */
  get isAwaiting(): boolean {
    return !this.#ended;
  }

  has(message: PeerMessage, pieces: SaidPieces): void {
    if (message.kind === "have") this.#say({ kind: "have", piece: message.piece });
    else this.#say({ kind: "pieces", bits: pieces.isFull ? "all" : pieces.toBytes() });
  }

  lost(piece: number): void {
    this.#say({ kind: "lost", piece });
  }

  receive(message: PeerMessage): null {
    switch (message.kind) {
      case "choke":
      case "unchoke":
        this.#say({ kind: message.kind });
        break;
      case "reject-request": {
        const { kind, piece, begin, length } = message;
        this.#say({ kind, piece, begin, length });
        break;
      }
      case "allowed-fast":
        this.#say({ kind: message.kind, piece: message.piece });
        break;
      case "piece": {
        // What was read is written over by the next read.
        const data = new Uint8Array(message.data);
        this.#say({ ...message, data }, data.buffer);
        break;
      }
    }
    return null;
  }

  tick(): void {}

  end(): void {
    this.#ended = true;
  }

  #say(message: SourceMessage, moved: ArrayBuffer | null = null): void {
    if (this.#ended) return;
    this.#port.post({ kind: "source", peerKey: this.#peerKey, message }, moved);
  }
}
