import { type Endpoint, endpointFromBytes } from "./endpoint.ts";
import type { AddressFamily } from "./ip-address.ts";

const ENDPOINT_BYTES = { ipv4: 6, ipv6: 18 } as const;

/**
 * The endpoints of a compact list (BEP 23, 7, 11), each with its place in it. Port 0 and bytes too
 * few for another are left out; null is an empty list.
 */
export function* compactEndpoints(
  list: Uint8Array | null,
  family: AddressFamily,
): Generator<{ readonly endpoint: Endpoint; readonly index: number }, void> {
  if (list === null) return;
  const bytes = ENDPOINT_BYTES[family];
  for (let index = 0; (index + 1) * bytes <= list.length; index += 1) {
    const endpoint = endpointFromBytes(list.subarray(index * bytes, (index + 1) * bytes));
    if (endpoint !== null) yield { endpoint, index };
  }
}
