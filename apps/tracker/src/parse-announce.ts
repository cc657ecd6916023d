import { type InfoHash, PEER_ID_BYTES, type PeerId, peerIdFromBytes } from "@seedfleet/bytes";
import { infoHashOf, parseQuery } from "./parse-query.ts";
import { type TrackerViolation, violation } from "./violation.ts";

/** As BEP 3 suggests; a client that says nothing about numwant gets so many. */
export const NUM_WANT_DEFAULT = 50;

/** No client connects to more at once; bounds a reply to 4 KiB compact, 16 KiB as dictionaries. */
export const NUM_WANT_MAX = 200;

const PORT_MAX = 65_535;

const EVENTS = ["started", "completed", "stopped", "paused"] as const;

/** `paused` is a partial seed of BEP 21: it lacks pieces but does not want them. */
export type AnnounceEvent = (typeof EVENTS)[number];

export type AnnounceRequest = {
  readonly kind: "announce";
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly port: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  /** Null when the client does not know, as before it has the metainfo. */
  readonly leftBytes: number | null;
  /** Null for the announce of every interval. */
  readonly event: AnnounceEvent | null;
  /** 0 wants none; null says nothing. At most `NUM_WANT_MAX`. */
  readonly numWant: number | null;
  readonly compact: boolean;
  /** In dictionaries, leave the peer ids out. */
  readonly noPeerId: boolean;
};

type Parameters = ReadonlyMap<string, string>;

/**
 * Parses the raw query string of an announce (BEP 3, 23). Never throws.
 *
 * `ip` is not read, because anybody could name anybody; the peer's address is the socket's. Nor is
 * `key`, which only matters to a tracker that lets a peer change its address.
 */
export function parseAnnounce(query: string): AnnounceRequest | TrackerViolation {
  const parameters = uniqueParameters(query);
  if ("kind" in parameters) return parameters;
  const infoHash = infoHashOf(parameters.get("info_hash"));
  if (typeof infoHash !== "string") return infoHash;
  const peerId = parameters.get("peer_id");
  if (peerId?.length !== PEER_ID_BYTES) {
    return violation("peer-id-invalid", `peer_id is not ${PEER_ID_BYTES} bytes`);
  }
  const port = portOf(parameters.get("port"));
  if (port === null) return violation("port-invalid", "port is not from 1 to 65535");
  const event = eventOf(parameters.get("event"));
  if (event === undefined) return violation("event-invalid", "event is not one of BEP 3");
  const amounts = amountsOf(parameters);
  if ("kind" in amounts) return amounts;
  return {
    kind: "announce",
    infoHash,
    peerId: peerIdFromBytes(Buffer.from(peerId, "latin1")),
    port,
    event,
    ...amounts,
    compact: parameters.get("compact") !== "0",
    noPeerId: parameters.get("no_peer_id") === "1",
  };
}

function uniqueParameters(query: string): Parameters | TrackerViolation {
  const parameters = parseQuery(query);
  if ("kind" in parameters) return parameters;
  const byName = new Map(parameters);
  if (byName.size === parameters.length) return byName;
  return violation("parameter-repeated", "Request has a parameter twice");
}

function portOf(value: string | undefined): number | null {
  const port = value !== undefined && /^\d{1,5}$/.test(value) ? Number(value) : 0;
  return port >= 1 && port <= PORT_MAX ? port : null;
}

/** Undefined if it is none. Some clients write the "empty" of BEP 3 out. */
function eventOf(value = ""): AnnounceEvent | null | undefined {
  if (value === "" || value === "empty") return null;
  return EVENTS.find((event) => event === value);
}

type Amounts = Pick<AnnounceRequest, "uploadedBytes" | "downloadedBytes" | "leftBytes" | "numWant">;

function amountsOf(parameters: Parameters): Amounts | TrackerViolation {
  const uploadedBytes = amountOf(parameters.get("uploaded") ?? "0");
  const downloadedBytes = amountOf(parameters.get("downloaded") ?? "0");
  const left = parameters.get("left") ?? "";
  const numWant = numWantOf(parameters.get("numwant"));
  const known = uploadedBytes !== null && downloadedBytes !== null && numWant !== undefined;
  // Transmission says 2⁶⁴ − 1 or 2⁶³ − 1 while it has only a magnet: more than is exact is unknown.
  if (!known || !/^\d{0,20}$/.test(left)) {
    return violation("number-invalid", "uploaded, downloaded, left or numwant is not a number");
  }
  return {
    uploadedBytes,
    downloadedBytes,
    leftBytes: left === "" ? null : amountOf(left),
    numWant,
  };
}

function amountOf(value: string): number | null {
  const amount = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(amount) ? amount : null;
}

/** Undefined if it is not a number. A negative one asks for the default, as in BEP 15. */
function numWantOf(value = ""): number | null | undefined {
  if (value === "" || /^-\d{1,20}$/.test(value)) return null;
  return /^\d{1,20}$/.test(value) ? Math.min(Number(value), NUM_WANT_MAX) : undefined;
}
