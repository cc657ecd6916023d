import type { PeerKey } from "@seedfleet/choker";
import type { CloseReason } from "../peers/close-reason.ts";
import type { PeerControl } from "../swarms/swarm-member.ts";
import type { BatchedPort } from "./batched-port.ts";
import type { ToWorker } from "./worker-messages.ts";

/** A peer of another thread, as its swarm handles it. */
export class ThreadPeer implements PeerControl {
  readonly #port: BatchedPort<ToWorker>;
  readonly #peerKey: PeerKey;
  /** As its thread said last. */
  takenBytes = 0;
  havePieces = 0;
  uploadOnly = false;
  amChoking = true;
  /** Downloads are the main thread's. */
  readonly download = null;

  constructor(port: BatchedPort<ToWorker>, peerKey: PeerKey) {
    this.#port = port;
    this.#peerKey = peerKey;
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
