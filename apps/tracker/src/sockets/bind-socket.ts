import assert from "node:assert/strict";
import { ipAddressBytes, parseIpAddress } from "@seedfleet/bytes";
import type { LibcSockets } from "./libc-sockets.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** Where a socket is bound; the address as text. */
export type SocketPlace = {
  readonly address: string;
  readonly port: number;
  readonly reusePort: boolean;
};

/**
 * The descriptor of a socket bound there, as Node.js would make it: it does not block, and one of
 * IPv6 is for IPv4 too. Null where the place is not to be had: then Node.js says why.
 */
export function bindSocket(libc: LibcSockets, type: number, place: SocketPlace): number | null {
  const address = parseIpAddress(place.address.split("%", 1)[0] ?? "");
  // A link-local address needs its zone, which is for Node.js to look up.
  if (address === null || place.address.includes("%")) return null;
  const bytes = ipAddressBytes(address);
  assert(bytes.length === 4 || bytes.length === 16);
  const family = bytes.length === 4 ? AF_INET : AF_INET6;
  const descriptor = libc.socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return null;
  const set = (level: number, option: number, value: 0 | 1): boolean =>
    libc.setOption({ descriptor, level, option }, Uint8Array.of(value, 0, 0, 0), 4) === 0;
  const name = socketAddress(family, bytes, place.port);
  const done =
    (family === AF_INET || set(IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
    (type !== SOCK_STREAM || set(SOL_SOCKET, SO_REUSEADDR, 1)) &&
    (!place.reusePort || set(SOL_SOCKET, SO_REUSEPORT, 1)) &&
    libc.bind(descriptor, name, name.length) === 0;
  if (done) return descriptor;
  libc.close(descriptor);
  return null;
}

/** `sockaddr_in` or `sockaddr_in6`. */
function socketAddress(family: number, address: Uint8Array, port: number): Uint8Array {
  const name = new Uint8Array(family === AF_INET ? 16 : 28);
  const view = new DataView(name.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  name.set(address, family === AF_INET ? 4 : 8);
  return name;
}
