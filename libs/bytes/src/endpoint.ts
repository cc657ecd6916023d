import {
  type AddressFamily,
  type IpAddress,
  ipAddressFromBytes,
  ipAddressText,
  parseIpAddress,
} from "./ip-address.ts";

const IPV4_BYTES = 4;
const PORT_BYTES = 2;
const PORT_MAX = 65_535;

declare const endpointBrand: unique symbol;

/**
 * Where a peer listens, in the compact form of BEP 23 (4 + 2 bytes) or BEP 7 (16 + 2 bytes), one
 * character per byte (Latin-1). Equal endpoints are equal strings, so it may be a map key, and a
 * compact list of peers is a concatenation. Only the functions of this file make one.
 */
export type Endpoint = string & { readonly [endpointBrand]: true };

/**
 * The endpoint of an IP address as text and a port. An IPv4-mapped IPv6 address is IPv4; a zone
 * (`%eth0`) is dropped, since it means nothing to others. Null for a host name or a port out of
 * range: no compact list could carry them.
 */
export function endpointOf(host: string, port: number): Endpoint | null {
  return withPort(parseIpAddress(host), port);
}

/** The endpoint of 6 or 18 compact bytes; null for any other number of them, and for port 0. */
export function endpointFromBytes(bytes: Uint8Array): Endpoint | null {
  const portAt = bytes.length - PORT_BYTES;
  if (portAt < 0) return null;
  const port = ((bytes[portAt] ?? 0) << 8) | (bytes[portAt + 1] ?? 0);
  return withPort(ipAddressFromBytes(bytes.subarray(0, portAt)), port);
}

export function endpointFamily(endpoint: Endpoint): AddressFamily {
  return endpoint.length === IPV4_BYTES + PORT_BYTES ? "ipv4" : "ipv6";
}

/** The address as text: dotted, or eight groups of hexadecimal digits. */
export function endpointHost(endpoint: Endpoint): string {
  return ipAddressText(addressOf(endpoint));
}

export function endpointPort(endpoint: Endpoint): number {
  const at = endpoint.length - PORT_BYTES;
  return (endpoint.charCodeAt(at) << 8) | endpoint.charCodeAt(at + 1);
}

function withPort(address: IpAddress | null, port: number): Endpoint | null {
  if (address === null || !Number.isInteger(port) || port < 1 || port > PORT_MAX) return null;
  return (address + String.fromCharCode(port >> 8, port & 0xff)) as Endpoint;
}

function addressOf(endpoint: Endpoint): IpAddress {
  return endpoint.slice(0, -PORT_BYTES) as IpAddress;
}
