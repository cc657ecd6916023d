import type { PeerKey } from "@seedfleet/choker";
import type { Clock } from "@seedfleet/runtime";
import type { SaidPieces } from "../downloads/download-from-peer.ts";
import { PeerDownload } from "../downloads/peer-download.ts";
import type { TorrentDownload } from "../downloads/torrent-download.ts";
import type { CloseReason } from "../peers/close-reason.ts";
import type { PeerControl } from "../swarms/swarm-member.ts";
import type { BatchedPort } from "./batched-port.ts";
import type { SourceMessage, ToWorker } from "./worker-messages.ts";

/** How a peer is downloaded from. */
export type ThreadSource = {
  /** Null where it is not. */
  readonly download: TorrentDownload | null;
  readonly clock: Clock;
  readonly fast: boolean;
};

/** A peer of another thread, as its swarm handles it. */
export class ThreadPeer implements PeerControl {
  readonly #port: BatchedPort<ToWorker>;
  readonly #peerKey: PeerKey;
  /** As its thread said last. */
  takenBytes = 0;
  havePieces = 0;
  uploadOnly = false;
  amChoking = true;
  readonly download: PeerDownload | null;

  constructor(port: BatchedPort<ToWorker>, peerKey: PeerKey, source: ThreadSource) {
    this.#port = port;
    this.#peerKey = peerKey;
    this.download = PeerDownload.of(source.download, {
      send: (bytes) => this.say(bytes),
      nowMs: () => source.clock.nowMs(),
      fast: source.fast,
      ban: () => this.close("piece-corrupt"),
      // It came by itself.
      makeRoom: null,
    });
  }

  /** The peer said something of what is downloaded from it. */
  heard(message: SourceMessage): void {
    const { download } = this;
    if (download === null) return;
    switch (message.kind) {
      case "pieces":
        return download.has({ kind: "have-none" }, saidPieces(message.bits));
      case "lost":
        return download.lost(message.piece);
      case "have":
        return download.has(message, NO_PIECES);
      default: {
        const violation = download.receive(message);
        if (violation !== null) this.close(violation.code);
      }
    }
  }

  say(bytes: Uint8Array): void {
    this.#port.post({ kind: "say", peerKey: this.#peerKey, bytes });
  }

  choke(): void {
    this.amChoking = true;
    this.#port.post({ kind: "choke", peerKey: this.#peerKey });
  }

  unchoke(): void {
    this.amChoking = false;
    this.#port.post({ kind: "unchoke", peerKey: this.#peerKey });
  }

  exchangePeers(payload: Uint8Array): void {
    this.#port.post({ kind: "exchange-peers", peerKey: this.#peerKey, payload });
  }

  tell(pieces: readonly number[] | "all"): void {
    this.#port.post({ kind: "tell", peerKey: this.#peerKey, pieces });
  }

  close(reason: CloseReason): void {
    this.#port.post({ kind: "close", peerKey: this.#peerKey, reason });
  }
}

const NO_PIECES: SaidPieces = saidPieces(new Uint8Array(0));

function saidPieces(bits: Uint8Array | "all"): SaidPieces {
  const bytes = bits === "all" ? new Uint8Array(0) : bits;
  return { isFull: bits === "all", toBytes: () => bytes };
}
