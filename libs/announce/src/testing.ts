import { parseInfoHash, parsePeerId } from "@seedfleet/bytes";
import type { TrackerReply } from "./announce-answer.ts";
import type { AnnounceFields } from "./announce-fields.ts";
import type { Chance } from "./chance.ts";

/** The first announce of a leecher, unless told otherwise. */
export function givenFields(differing: Partial<AnnounceFields> = {}): AnnounceFields {
  const infoHash = parseInfoHash("c0fda1edafdbdbb96443424e0b3899af7159d10e");
  const peerId = parsePeerId(Buffer.from("-SF0100-abcdefghijkl").toString("hex"));
  if (infoHash === null || peerId === null) throw new Error("40 hex digits each");
  return {
    infoHash,
    peerId,
    port: 6881,
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: 1_000,
    event: "started",
    numWant: 200,
    key: 0x0badcafe,
    trackerId: null,
    ...differing,
  };
}

/** The reply of a tracker that knows two seeds, to come again after half an hour. */
export function givenReply(differing: Partial<TrackerReply> = {}): TrackerReply {
  return {
    kind: "reply",
    peers: [
      { host: "192.0.2.1", port: 6881 },
      { host: "192.0.2.2", port: 6881 },
    ],
    intervalMs: 1_800_000,
    minIntervalMs: null,
    seeders: 2,
    leechers: 1,
    trackerId: null,
    warning: null,
    ...differing,
  };
}

/** No chance at all: the first of what it chooses among. */
export const firstChance: Chance = { below: () => 0 };
