import type { TrackerViolation } from "../violation.ts";
import type { AnnounceReply, AnnounceRequest } from "./announce-request.ts";
import type { ScrapeCounts } from "./announces.ts";

/** No other thread's: to be answered in this one. */
export const HERE = -1;

export type Answered<Reply> = (refused: TrackerViolation | null, reply: Reply) => void;

/** A scrape of one torrent. */
export type ScrapeAsked = { readonly infoHash: Uint8Array; readonly passkey: string | null };

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

/** Of a tracker in one thread. */
export const NOWHERE: Elsewhere<unknown, never, never> = {
  ownerOf: () => HERE,
  announce: () => false,
  scrape: () => false,
};
