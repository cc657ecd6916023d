import type { PeerSample } from "@seedfleet/swarm";
import type { AddressBytes } from "../addresses/address-bytes.ts";
import type { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import type { ReplyBytes } from "./reply-bytes.ts";

/** `d2:ip39:…7:peer id20:…4:porti65535ee` has 93. */
const DICTIONARY_BYTES_MAX = 96;

/** All but the peers, with every number as long as it can be. */
const OTHER_BYTES_MAX = 512;

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
  output.integer("d8:completei", reply.seeders);
  output.integer("10:downloadedi", reply.downloaded);
  output.text(asker.length === 4 ? "11:external ip4:" : "11:external ip16:");
  output.raw(asker.bytes, asker.length);
  output.integer("10:incompletei", reply.leechers);
  output.integer("8:intervali", reply.intervalS);
  output.integer("12:min intervali", reply.minIntervalS);
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
  output.text("5:peers");
  endpointsOf(ipv4, 6, output);
  if (ipv6.count === 0 || ipv6.endpointBytes !== 18) return;
  output.text("6:peers6");
  endpointsOf(ipv6, 18, output);
}

function endpointsOf(sample: PeerSample, endpointBytes: 6 | 18, output: ReplyBytes): void {
  const length = sample.endpointBytes === endpointBytes ? sample.count * endpointBytes : 0;
  output.stringLength(length);
  output.raw(sample.endpoints, length);
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
    output.integer("4:porti", ((endpoints[portAt] ?? 0) << 8) | (endpoints[portAt + 1] ?? 0));
    output.text("e");
  }
}
