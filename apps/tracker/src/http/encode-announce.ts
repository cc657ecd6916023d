import type { PeerSample } from "@seedfleet/swarm";
import type { AddressBytes } from "../addresses/address-bytes.ts";
import type { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import { type ReplyBytes, written } from "./reply-bytes.ts";

/** `d2:ip39:…7:peer id20:…4:porti65535ee` has 93. */
const DICTIONARY_BYTES_MAX = 96;

/** All but the peers, with every number as long as it can be. */
const OTHER_BYTES_MAX = 512;

const COMPLETE = written("d8:completei");
const DOWNLOADED = written("10:downloadedi");
const EXTERNAL_IPV4 = written("11:external ip4:");
const EXTERNAL_IPV6 = written("11:external ip16:");
const INCOMPLETE = written("10:incompletei");
const INTERVAL = written("8:intervali");
const MIN_INTERVAL = written("12:min intervali");
const PEERS = written("5:peers");
const PORT = written("4:porti");

export type AnnounceForm = {
  readonly reply: AnnounceReply;
  readonly request: Pick<AnnounceRequest, "compact" | "noPeerId">;
  /** For `external ip` (BEP 24). */
  readonly asker: AddressBytes;
  /** Sent as `tracker id`, in ASCII; null leaves it out. */
  readonly trackerId: string | null;
};

/**
 * Bencodes an announce reply, keys in order. Compact (BEP 23) has IPv4 in `peers` and IPv6 in
 * `peers6` (BEP 7); as dictionaries (BEP 3) both are in `peers`.
 */
export function encodeAnnounce(form: AnnounceForm, output: ReplyBytes): void {
  const { reply, request, asker, trackerId } = form;
  const { peers, other } = reply;
  const count = peers.count + other.count;
  output.reserve(OTHER_BYTES_MAX + count * DICTIONARY_BYTES_MAX);
  output.integer(COMPLETE, reply.seeders);
  output.integer(DOWNLOADED, reply.downloaded);
  output.raw(asker.length === 4 ? EXTERNAL_IPV4 : EXTERNAL_IPV6);
  output.raw(asker.bytes, asker.length);
  output.integer(INCOMPLETE, reply.leechers);
  output.integer(INTERVAL, reply.intervalS);
  output.integer(MIN_INTERVAL, reply.minIntervalS);
  if (request.compact) {
    compactPeers(peers, other, output);
  } else {
    output.text("5:peersl");
    peerDictionaries(peers, request.noPeerId, output);
    peerDictionaries(other, request.noPeerId, output);
    output.text("e");
  }
  if (trackerId !== null) {
    output.text("10:tracker id");
    output.stringLength(trackerId.length);
    output.text(trackerId);
  }
  output.text("e");
}

/** `peers` is there even if empty, for clients that know nothing of `peers6`. */
function compactPeers(peers: PeerSample, other: PeerSample, output: ReplyBytes): void {
  const ipv4 = peers.endpointBytes === 6 ? peers : other;
  const ipv6 = peers.endpointBytes === 6 ? other : peers;
  output.raw(PEERS);
  endpointsOf(ipv4, 6, output);
  if (ipv6.count === 0 || ipv6.endpointBytes !== 18) return;
  output.text("6:peers6");
  endpointsOf(ipv6, 18, output);
}

function endpointsOf(sample: PeerSample, endpointBytes: 6 | 18, output: ReplyBytes): void {
  const isTheirs = sample.endpointBytes === endpointBytes;
  output.stringLength(isTheirs ? sample.count * endpointBytes : 0);
  if (isTheirs) output.raw(sample.compact);
}

function peerDictionaries(sample: PeerSample, noPeerId: boolean, output: ReplyBytes): void {
  const { endpoints, endpointBytes, peerIds, known } = sample;
  for (let index = 0; index < sample.count; index += 1) {
    const from = index * endpointBytes;
    const portAt = from + endpointBytes - 2;
    output.text("d2:ip");
    output.addressText(endpoints, from, endpointBytes - 2);
    if (!noPeerId && known[index] === 1) {
      output.text("7:peer id20:");
      output.raw(peerIds.subarray(index * 20, index * 20 + 20));
    }
    output.integer(PORT, ((endpoints[portAt] ?? 0) << 8) | (endpoints[portAt + 1] ?? 0));
    output.text("e");
  }
}
