import { writeUint32 } from "./network-order.ts";
import type { UdpScrapeCounts } from "./udp-announces.ts";

const HEAD_BYTES = 8;
const COUNTS_BYTES = 12;

/** Sends an answer that was put off; its bytes are written over when that returns. */
export type SendLater = (answer: Uint8Array) => void;

/** An answer of which a part is still to come, and where it goes then. */
export class PutOff {
  readonly bytes: Uint8Array;
  /** Set before anything can have come. */
  send: SendLater = () => {};

  /** Begins like `begun`, the action and the transaction id. */
  constructor(begun: Uint8Array, bytes: number = HEAD_BYTES) {
    this.bytes = new Uint8Array(bytes);
    for (let at = 0; at < HEAD_BYTES; at += 1) this.bytes[at] = begun[at] ?? 0;
  }
}

/** The counts of several torrents, some of which other threads have. */
export class PutOffScrape extends PutOff {
  #missing = 0;
  #isRefused = false;

  constructor(begun: Uint8Array, torrents: number) {
    super(begun, HEAD_BYTES + torrents * COUNTS_BYTES);
  }

  /** Another thread was asked for one. */
  asked(): void {
    this.#missing += 1;
  }

  /** Puts in what came; true if that was the last that is missing. */
  came(index: number, counts: UdpScrapeCounts | null): boolean {
    writeCounts(this.bytes, index, counts);
    this.#missing -= 1;
    return this.#missing === 0 && !this.#isRefused;
  }

  /** One of them is refused and so is all; false if it was before. */
  refused(): boolean {
    const isFirst = !this.#isRefused;
    this.#isRefused = true;
    return isFirst;
  }
}

/** Of a torrent that nobody has, null, all are zero: they are told apart by their place only. */
export function writeCounts(into: Uint8Array, index: number, counts: UdpScrapeCounts | null): void {
  const at = HEAD_BYTES + COUNTS_BYTES * index;
  writeUint32(into, at, counts?.seeders ?? 0);
  writeUint32(into, at + 4, counts?.downloaded ?? 0);
  writeUint32(into, at + 8, counts?.leechers ?? 0);
}
