import {
  type Bencoded,
  bytesOf,
  find,
  integerOf,
  isDictionary,
  isList,
  itemsOf,
  rootOf,
  scanBencode,
  textOf,
} from "@seedfleet/bencode";
import { compactEndpoints, endpointOf } from "@seedfleet/bytes";
import {
  type AnnounceAnswer,
  boundedMs,
  intervalsOf,
  type PeerAddress,
  peerAddress,
  shownText,
  type TrackerRefusal,
} from "./announce-answer.ts";
import {
  TRACKER_ANSWER_BYTES_MAX,
  TRACKER_ANSWER_TOKENS_MAX,
  TRACKER_ID_BYTES_MAX,
  TRACKER_PEERS_MAX,
} from "./announce-limits.ts";

const LIMITS = {
  bytesMax: TRACKER_ANSWER_BYTES_MAX,
  depthMax: 8,
  tokensMax: TRACKER_ANSWER_TOKENS_MAX,
} as const;

/**
 * Reads the answer to an announce over HTTP (BEP 3, 7, 23, 31). Keys that are absent or of another
 * kind are as absent, and what is no peer's address is left out: trackers differ, and one that
 * gives peers is of use. Host names of peers are left out as well, since whoever gives them could
 * have us ask for any name.
 */
export function readHttpAnswer(bytes: Uint8Array): AnnounceAnswer {
  if (bytes.length > TRACKER_ANSWER_BYTES_MAX) {
    return { kind: "violation", code: "answer-too-long" };
  }
  const tree = scanBencode(bytes, LIMITS);
  const root = "kind" in tree ? null : rootOf(tree);
  if (!isDictionary(root)) return { kind: "violation", code: "answer-not-bencoded" };
  const reason = textOf(find(root, "failure reason"));
  if (reason !== null) return refusal(root, reason);
  const warning = textOf(find(root, "warning message"));
  const trackerId = bytesOf(find(root, "tracker id"));
  const hasId = trackerId !== null && trackerId.length <= TRACKER_ID_BYTES_MAX;
  return {
    kind: "reply",
    peers: peersIn(root),
    ...intervalsOf(integerOf(find(root, "interval")), integerOf(find(root, "min interval"))),
    seeders: countOf(find(root, "complete")),
    leechers: countOf(find(root, "incomplete")),
    // A copy: what it is a part of may be much longer, and is not needed any more.
    trackerId: hasId ? Uint8Array.from(trackerId) : null,
    warning: warning === null ? null : shownText(warning),
  };
}

function refusal(root: Bencoded, reason: string): TrackerRefusal {
  const retryIn = find(root, "retry in");
  const minutes = integerOf(retryIn);
  const isNever = textOf(retryIn) === "never";
  const retryInMs = minutes === null || minutes <= 0 ? null : boundedMs(minutes * 60);
  return { kind: "refusal", reason: shownText(reason), retryInMs: isNever ? "never" : retryInMs };
}

function peersIn(root: Bencoded): readonly PeerAddress[] {
  const found: PeerAddress[] = [];
  for (const peer of everyPeer(root)) {
    if (found.length === TRACKER_PEERS_MAX) break;
    found.push(peer);
  }
  return found;
}

function* everyPeer(root: Bencoded): Generator<PeerAddress, void> {
  const peers = find(root, "peers");
  if (isList(peers)) yield* peersInDictionaries(peers);
  for (const { endpoint } of compactEndpoints(bytesOf(peers), "ipv4")) yield peerAddress(endpoint);
  const peers6 = bytesOf(find(root, "peers6"));
  for (const { endpoint } of compactEndpoints(peers6, "ipv6")) yield peerAddress(endpoint);
}

function* peersInDictionaries(list: Bencoded): Generator<PeerAddress, void> {
  for (const item of itemsOf(list)) {
    const host = textOf(find(item, "ip"));
    const endpoint = host === null ? null : endpointOf(host, integerOf(find(item, "port")) ?? 0);
    if (endpoint !== null) yield peerAddress(endpoint);
  }
}

function countOf(value: Bencoded | null): number | null {
  const count = integerOf(value);
  return count !== null && count >= 0 ? count : null;
}
