import { KEEP_ALIVE_INTERVAL_MS, PEER_IDLE_MS_MAX, SEND_STALL_MS_MAX } from "./peer-limits.ts";

/** What is known of a peer's sending side. */
export type Sending = {
  /** Since when its socket takes nothing more; null while it does. */
  readonly fullSinceMs: number | null;
  /** Block bytes that it was sent. */
  readonly sentBytes: number;
};

/** When a peer was heard last and when it heard of us, and what follows from it. */
export class PeerLiveness {
  #receivedAtMs: number;
  #spokeAtMs: number;
  #sentBytesSeen = 0;

  constructor(nowMs: number) {
    this.#receivedAtMs = nowMs;
    this.#spokeAtMs = nowMs;
  }

  received(nowMs: number): void {
    this.#receivedAtMs = nowMs;
  }

  spoke(nowMs: number): void {
    this.#spokeAtMs = nowMs;
  }

  /** Why the connection is to end, or that it is to be kept alive; asked every few seconds. */
  check(
    { fullSinceMs, sentBytes }: Sending,
    nowMs: number,
  ): "send-stalled" | "idle" | "keep-alive" | null {
    if (sentBytes !== this.#sentBytesSeen) this.#spokeAtMs = nowMs;
    this.#sentBytesSeen = sentBytes;
    if (fullSinceMs !== null) {
      return nowMs - fullSinceMs > SEND_STALL_MS_MAX ? "send-stalled" : null;
    }
    if (nowMs - this.#receivedAtMs > PEER_IDLE_MS_MAX) return "idle";
    return nowMs - this.#spokeAtMs > KEEP_ALIVE_INTERVAL_MS ? "keep-alive" : null;
  }
}
