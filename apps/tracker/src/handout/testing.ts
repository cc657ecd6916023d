import assert from "node:assert/strict";
import { type Endpoint, endpointFromBytes, endpointHost, endpointPort } from "@seedfleet/bytes";
import { givenEndpoint } from "../testing.ts";
import type { EndpointBytes, LiveGateway } from "./gateway-board.ts";
import { HANDOUT_POLICIES } from "./handout-policy.ts";
import { GATEWAYS_PER_REPLY_MAX, type HandoutAsked, type HandoutSettings } from "./plan-handout.ts";
import type { SampledPeers } from "./sampled-peers.ts";
import { ZoneTable } from "./zone-table.ts";

/** A gateway at the port of its name's first letter, unless told otherwise. */
export function givenGateway(
  id: string,
  differing: Partial<Omit<LiveGateway, "endpoint">> & { host?: string; port?: number } = {},
): LiveGateway {
  const { host = "192.0.2.1", port = id.charCodeAt(0), ...others } = differing;
  return { id, endpoint: givenEndpoint(host, port), load: 0, zone: null, ...others };
}

export function bytesOf(endpoint: Endpoint): Uint8Array {
  return Buffer.from(endpoint, "latin1");
}

/** A leecher at 10.0.0.1:1 that wants 50 of a swarm that is empty. */
export function givenAsked(
  differing: Partial<HandoutAsked> & { host?: string; port?: number } = {},
): HandoutAsked {
  const { host = "10.0.0.1", port = 1, ...others } = differing;
  const endpoint = bytesOf(givenEndpoint(host, port));
  return {
    endpoint,
    endpointBytes: endpoint.length as EndpointBytes,
    numWant: 50,
    takesGateways: true,
    takesOtherFamily: true,
    swarm: { seeders: 0, leechers: 0 },
    turn: 0,
    ...others,
  };
}

export function givenSettings(differing: Partial<HandoutSettings> = {}): HandoutSettings {
  return {
    policy: HANDOUT_POLICIES.random,
    gatewayShare: 1,
    gatewaysMax: 4,
    zones: ZoneTable.empty,
    ...differing,
  };
}

/** A sample of these peers; the peer id of each is its port, over and over. */
export function givenSample(
  peers: readonly Endpoint[],
  endpointBytes: EndpointBytes = 6,
): SampledPeers {
  const rowsMax = peers.length + GATEWAYS_PER_REPLY_MAX;
  const sample: SampledPeers = {
    endpoints: new Uint8Array(rowsMax * endpointBytes),
    states: new Uint8Array(rowsMax),
    peerIds: new Uint8Array(rowsMax * 20),
    known: new Uint8Array(rowsMax),
    count: peers.length,
    endpointBytes,
    wantPeerIds: true,
  };
  for (const [row, endpoint] of peers.entries()) {
    sample.endpoints.set(bytesOf(endpoint), row * endpointBytes);
    sample.peerIds.fill(endpointPort(endpoint) & 0xff, row * 20, (row + 1) * 20);
    sample.known[row] = 1;
    sample.states[row] = endpointPort(endpoint) & 0xff;
  }
  return sample;
}

/** The endpoints in the sample's order; asserts that the other columns moved with them. */
export function endpointsIn(sample: SampledPeers): Endpoint[] {
  return Array.from({ length: sample.count }, (_, row) => {
    const begin = row * sample.endpointBytes;
    const bytes = sample.endpoints.subarray(begin, begin + sample.endpointBytes);
    const endpoint = endpointFromBytes(bytes);
    assert(endpoint !== null);
    if (sample.known[row] === 1) {
      const trace = endpointPort(endpoint) & 0xff;
      assert.equal(sample.states[row], trace);
      assert.deepEqual([...new Set(sample.peerIds.subarray(row * 20, row * 20 + 20))], [trace]);
    }
    return endpoint;
  });
}

export function textOf(endpoint: Endpoint): string {
  return `${endpointHost(endpoint)}:${endpointPort(endpoint)}`;
}
