import { INFO_HASH_BYTES, PEER_ID_BYTES } from "@seedfleet/bytes";
import type { AnnounceRequest } from "../announces/announce-request.ts";
import { RecentMap } from "../recent-map.ts";

/** What a peer said last. */
type Said = { uploadedBytes: number; downloadedBytes: number };

export type Usage = {
  readonly user: string;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
};

/**
 * What the users' clients say they moved, from one announce to the next. A client tells totals
 * since it started (BEP 3), which may fall when it starts anew; only what is more than before
 * counts. Of a client never heard before only a `started` says for sure that all of it is new.
 */
export class UsageLedger {
  readonly #peersMax: number;
  /** By info hash and peer id. */
  readonly #said = new RecentMap<Said>();
  readonly #key = Buffer.alloc(INFO_HASH_BYTES + PEER_ID_BYTES);
  #usage = new Map<string, Said>();

  constructor({ peersMax }: { readonly peersMax: number }) {
    this.#peersMax = peersMax;
  }

  /** An announce that came here: what it has more than the last one is the user's. */
  record(user: string, request: AnnounceRequest): void {
    const { uploadedBytes, downloadedBytes, event } = request;
    const said = this.#remember(request);
    const fresh = event === "started" ? { uploadedBytes: 0, downloadedBytes: 0 } : null;
    const before = said ?? fresh;
    if (before === null) return;
    const usage = this.#usage.get(user) ?? { uploadedBytes: 0, downloadedBytes: 0 };
    usage.uploadedBytes += growth(before.uploadedBytes, uploadedBytes);
    usage.downloadedBytes += growth(before.downloadedBytes, downloadedBytes);
    this.#usage.set(user, usage);
  }

  /** An announce that came to another replica, which counts it. */
  heard(request: AnnounceRequest): void {
    this.#remember(request);
  }

  /** What came together since the last time, for each user. */
  take(): Usage[] {
    const usage = [...this.#usage]
      .filter(([, { uploadedBytes, downloadedBytes }]) => uploadedBytes + downloadedBytes > 0)
      .map(([user, moved]) => ({ user, ...moved }));
    this.#usage = new Map();
    return usage;
  }

  /** Keeps what was said, and gives what was said before. */
  #remember({ infoHash, peerId, uploadedBytes, downloadedBytes }: AnnounceRequest): Said | null {
    this.#key.set(infoHash);
    this.#key.set(peerId, INFO_HASH_BYTES);
    const said = this.#said.put(this.#key.toString("latin1"), { uploadedBytes, downloadedBytes });
    if (this.#said.size > this.#peersMax) this.#said.forgetOldest();
    return said ?? null;
  }
}

function growth(before: number, after: number): number {
  return after >= before ? after - before : after;
}
