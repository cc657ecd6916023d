import assert from "node:assert/strict";
import {
  type Endpoint,
  endpointOf,
  type InfoHash,
  type PeerId,
  parseInfoHash,
  parsePeerId,
} from "@seedfleet/bytes";
import type { Chance, PeerAnnounce } from "./swarm-peer.ts";

export function givenInfoHash(number = 1): InfoHash {
  return known(parseInfoHash(number.toString(16).padStart(40, "0")));
}

export function givenPeerId(number = 1): PeerId {
  return known(parsePeerId(number.toString(16).padStart(40, "0")));
}

export function givenEndpoint(port: number, host = "10.0.0.1"): Endpoint {
  return known(endpointOf(host, port));
}

/** A leecher at this port, unless told otherwise. */
export function givenPeer(port: number, differing: Partial<PeerAnnounce> = {}): PeerAnnounce {
  const endpoint = givenEndpoint(port);
  return { endpoint, peerId: givenPeerId(port), state: "leecher", completed: false, ...differing };
}

/** The same choices for the same seed: Park and Miller's generator, good enough for a test. */
export function givenChance(seed = 1): Chance {
  let state = seed;
  return {
    below(n) {
      state = (state * 48_271) % 0x7fffffff;
      return state % n;
    },
  };
}

function known<Value>(value: Value | null): Value {
  assert(value !== null);
  return value;
}
