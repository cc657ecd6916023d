import assert from "node:assert/strict";
import { endpointOf } from "@seedfleet/bytes";
import type { Chance, PeerAnnounce, PeerEndpoint } from "./swarm-peer.ts";

export function givenInfoHash(number = 1): Uint8Array {
  return twentyBytes(number);
}

export function givenPeerId(number = 1): Uint8Array {
  return twentyBytes(number);
}

export function givenEndpoint(port: number, host = "10.0.0.1"): PeerEndpoint {
  const text = endpointOf(host, port);
  assert(text !== null);
  const endpoint = Uint8Array.from(text, (byte) => byte.charCodeAt(0));
  return { endpoint, endpointBytes: endpoint.length === 6 ? 6 : 18 };
}

/** A leecher at this port, unless told otherwise. */
export function givenPeer(port: number, differing: Partial<PeerAnnounce> = {}): PeerAnnounce {
  const endpoint = givenEndpoint(port);
  const peerId = givenPeerId(port);
  return { ...endpoint, peerId, state: "leecher", completed: false, ...differing };
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

function twentyBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(16, number);
  return bytes;
}
