import type { AddressBytes } from "../addresses/address-bytes.ts";
import type { TrackerViolation } from "../violation.ts";
import type { AnnounceReply, AnnounceRequest } from "./announce-request.ts";
import type { ScrapeCounts } from "./announces.ts";

/** No other thread's: to be answered in this one. */
export const HERE = -1;

export type Answered<Reply> = (refused: TrackerViolation | null, reply: Reply) => void;

/** A scrape of one torrent. */
export type ScrapeAsked = { readonly infoHash: Uint8Array; readonly passkey: string | null };

/** A connection on which one announce came whole, and nothing else will. */
export type LastWord = { readonly descriptor: number; readonly asker: AddressBytes };

/** An announce that came to another thread, with its connection: whoever is told has it. */
export type HandedOver = LastWord & {
  readonly request: AnnounceRequest;
  readonly nowMs: number;
};

/**
 * The threads of a tracker that have the swarms which are not in this one. They are asked, and
 * answer a moment later, never before the call returns. False says that a thread has too much to
 * answer already. What is given, to them and by them, is used again for the next.
 */
export interface Elsewhere<
  Request = AnnounceRequest,
  Reply = AnnounceReply,
  Counts = Readonly<ScrapeCounts>,
> {
  /** The thread that a torrent's swarm belongs to; `HERE` also where the torrent is nobody's. */
  ownerOf(infoHash: Uint8Array): number;
  announce(owner: number, request: Request, answered: Answered<Reply>): boolean;
  scrape(owner: number, asked: ScrapeAsked, answered: Answered<Counts>): boolean;
}

/** The same threads, where they take connections from each other. */
export interface HandOvers<Request = AnnounceRequest> {
  /**
   * Leaves an announce to that thread together with its connection, which is not ours any more.
   * False if it does not take connections, or has many to answer: then nothing happened.
   */
  handOver(owner: number, request: Request, on: LastWord): boolean;
  /**
   * Takes what they ask and answer now. `often` promises that this is called again within a
   * millisecond, so that nobody needs to wake this thread.
   */
  look(often: boolean): void;
  /** Resolves when all that was handed over is answered. */
  settled(): Promise<void>;
}

/** Of a tracker in one thread. */
export const NOWHERE: Elsewhere<unknown, never, never> & HandOvers<unknown> = {
  ownerOf: () => HERE,
  announce: () => false,
  scrape: () => false,
  handOver: () => false,
  look: () => {},
  settled: () => Promise.resolve(),
};
