import assert from "node:assert/strict";
import {
  bytesOf,
  type DictionaryEntry,
  type Encoded,
  encodeBytes,
  encodeDictionary,
  find,
  joined,
} from "@seedfleet/bencode";
import {
  type AddressFamily,
  compactEndpoints,
  type Endpoint,
  endpointFamily,
  endpointHost,
  endpointOf,
  endpointPort,
} from "@seedfleet/bytes";
import { type PexFlags, pexFlagBits, pexFlags } from "./pex-flags.ts";
import { dictionaryOf, type ExtensionViolation, extensionViolation } from "./read-extension.ts";

/**
 * Added, and as many dropped, that one message has for us: as many as libtorrent sends at once, and
 * twice what BEP 11 allows after the first message. Those beyond are left out.
 */
export const PEX_PEERS_MAX = 100;

/** Some seven hundred IPv6 peers with their flags; whoever sends more breaks BEP 11. */
export const PEX_MESSAGE_BYTES_MAX: number = 16 * 1024;

const LIMITS = { bytesMax: PEX_MESSAGE_BYTES_MAX, depthMax: 4, tokensMax: 64 } as const;

/** The keys of each family (BEP 11). */
const FAMILIES = [
  { family: "ipv4", added: "added", flags: "added.f", dropped: "dropped" },
  { family: "ipv6", added: "added6", flags: "added6.f", dropped: "dropped6" },
] as const;

/** Where a peer listens: an IP address as text, and a port. */
export type PexAddress = { readonly host: string; readonly port: number };

export type PexPeer = PexAddress & { readonly flags: PexFlags };

/** Whom a peer has connected to and left since its last message of `ut_pex` (BEP 11). */
export type PexMessage = {
  readonly added: readonly PexPeer[];
  readonly dropped: readonly PexAddress[];
};

/**
 * Reads the payload. What is no peer (port 0, bytes too few for another) is left out, as is all
 * beyond `PEX_PEERS_MAX`. Hearsay: that a peer is there, and what it is like, nobody has checked.
 */
export function decodePexMessage(payload: Uint8Array): PexMessage | ExtensionViolation {
  const dictionary = dictionaryOf(payload, LIMITS);
  if (dictionary === null) return extensionViolation("pex-message-invalid", payload);
  const added: PexPeer[] = [];
  const dropped: PexAddress[] = [];
  for (const keys of FAMILIES) {
    const flags = bytesOf(find(dictionary, keys.flags));
    const addedList = bytesOf(find(dictionary, keys.added));
    for (const { endpoint, index } of compactEndpoints(addedList, keys.family)) {
      if (added.length === PEX_PEERS_MAX) break;
      added.push({ ...addressOf(endpoint), flags: pexFlags(flags?.[index] ?? 0) });
    }
    const droppedList = bytesOf(find(dictionary, keys.dropped));
    for (const { endpoint } of compactEndpoints(droppedList, keys.family)) {
      if (dropped.length === PEX_PEERS_MAX) break;
      dropped.push(addressOf(endpoint));
    }
  }
  return { added, dropped };
}

/**
 * The payload of an `extended` message with the id that the receiver gave `ut_pex`. Every host is
 * an IP address, and there are no more than `PEX_PEERS_MAX` of either list.
 */
export function encodePexMessage({ added, dropped }: PexMessage): Uint8Array {
  assert(added.length <= PEX_PEERS_MAX);
  assert(dropped.length <= PEX_PEERS_MAX);
  return joined(
    encodeDictionary(
      FAMILIES.flatMap((keys): DictionaryEntry[] => {
        const peers = added.filter((peer) => familyOf(peer) === keys.family);
        const gone = dropped.filter((peer) => familyOf(peer) === keys.family);
        return [
          [keys.added, compact(peers)],
          [keys.flags, encodeBytes(Uint8Array.from(peers, ({ flags }) => pexFlagBits(flags)))],
          [keys.dropped, compact(gone)],
        ];
      }),
    ),
  );
}

function addressOf(endpoint: Endpoint): PexAddress {
  return { host: endpointHost(endpoint), port: endpointPort(endpoint) };
}

function compact(peers: readonly PexAddress[]): Encoded {
  return encodeBytes(Buffer.from(peers.map(endpointAt).join(""), "latin1"));
}

function familyOf(peer: PexAddress): AddressFamily {
  return endpointFamily(endpointAt(peer));
}

function endpointAt({ host, port }: PexAddress): Endpoint {
  const parsed = endpointOf(host, port);
  assert(parsed !== null);
  return parsed;
}
