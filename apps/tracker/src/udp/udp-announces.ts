import type { TrackerViolation } from "../violation.ts";

/** What BEP 15 tells of an announce; filled again for each. */
export type UdpAnnounceRequest = {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** Where the peer listens, in the first `endpointBytes` of 18. */
  readonly endpoint: Uint8Array;
  endpointBytes: 6 | 18;
  uploadedBytes: number;
  downloadedBytes: number;
  leftBytes: number | null;
  event: "started" | "completed" | "stopped" | "paused" | null;
  numWant: number | null;
  passkey: string | null;
};

/** What an announce is answered with; filled again for each. */
export type UdpAnnounceReply = {
  readonly seeders: number;
  readonly leechers: number;
  readonly intervalS: number;
  readonly peers: {
    /** `count` endpoints of the asker's family, as they go out; the same array always. */
    readonly endpoints: Uint8Array;
    readonly count: number;
    readonly endpointBytes: 6 | 18;
    wantPeerIds: boolean;
  };
};

export type UdpScrapeCounts = {
  readonly seeders: number;
  readonly leechers: number;
  readonly downloaded: number;
};

/** The tracker behind the packets. Nothing in it waits. */
export interface UdpAnnounces<
  Request extends UdpAnnounceRequest,
  Reply extends UdpAnnounceReply,
  Counts extends UdpScrapeCounts,
> {
  answer(request: Request, reply: Reply, nowMs: number): TrackerViolation | null;
  /** Counts of one torrent; BEP 15 has no place for a passkey in a scrape, so there is none. */
  scrape(infoHash: Uint8Array, passkey: null, into: Counts): TrackerViolation | null;
}
