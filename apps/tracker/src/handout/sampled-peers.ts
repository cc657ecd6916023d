import type { EndpointBytes } from "./gateway-board.ts";

const PEER_ID_BYTES = 20;

/** Peers as a swarm's sample writes them, a row each in several arrays: a `PeerSample`. */
export type SampledPeers = {
  /** Compact endpoints, one behind the other. */
  readonly endpoints: Uint8Array;
  /** Says nothing of a gateway's row. */
  readonly states: Uint8Array;
  readonly peerIds: Uint8Array;
  /** 1 for a row whose peer id counts. */
  readonly known: Uint8Array;
  count: number;
  endpointBytes: EndpointBytes;
  /** Whether peer ids were asked for; else their rows mean nothing. */
  wantPeerIds: boolean;
};

/** Writes the row `from` over the row `to`. */
export function copyPeer(peers: SampledPeers, from: number, to: number): void {
  if (from === to) return;
  const { endpoints, endpointBytes, states, known, peerIds } = peers;
  copyRow(endpoints, { from, to, rowBytes: endpointBytes });
  copyRow(states, { from, to, rowBytes: 1 });
  if (!peers.wantPeerIds) return;
  copyRow(known, { from, to, rowBytes: 1 });
  copyRow(peerIds, { from, to, rowBytes: PEER_ID_BYTES });
}

export function swapPeers(peers: SampledPeers, a: number, b: number): void {
  if (a === b) return;
  const { endpoints, endpointBytes, states, known, peerIds } = peers;
  swapRows(endpoints, { from: a, to: b, rowBytes: endpointBytes });
  swapRows(states, { from: a, to: b, rowBytes: 1 });
  if (!peers.wantPeerIds) return;
  swapRows(known, { from: a, to: b, rowBytes: 1 });
  swapRows(peerIds, { from: a, to: b, rowBytes: PEER_ID_BYTES });
}

type Rows = { readonly from: number; readonly to: number; readonly rowBytes: number };

/** A loop, since a call of the engine's own copy costs more than so few bytes. */
function copyRow(bytes: Uint8Array, { from, to, rowBytes }: Rows): void {
  for (let byte = 0; byte < rowBytes; byte += 1) {
    bytes[to * rowBytes + byte] = bytes[from * rowBytes + byte] ?? 0;
  }
}

function swapRows(bytes: Uint8Array, { from, to, rowBytes }: Rows): void {
  for (let byte = 0; byte < rowBytes; byte += 1) {
    const kept = bytes[to * rowBytes + byte] ?? 0;
    bytes[to * rowBytes + byte] = bytes[from * rowBytes + byte] ?? 0;
    bytes[from * rowBytes + byte] = kept;
  }
}
