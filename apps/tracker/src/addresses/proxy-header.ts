import type { AddressBytes } from "./address-bytes.ts";

/**
 * The longest header we take. Addresses need 52 bytes; the rest is for what a proxy may add (TLVs),
 * which nobody here reads.
 */
export const PROXY_HEADER_BYTES_MAX = 2_048;

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const FIXED_BYTES = 16;
const COMMAND_LOCAL = 0x20;
const COMMAND_PROXY = 0x21;
const UNSPECIFIED = 0x00;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const IPV4_ADDRESSES_BYTES = 12;
const IPV6_ADDRESSES_BYTES = 36;

/**
 * Reads the binary header of the PROXY protocol, version 2, that stands before everything else of a
 * connection, and writes whose connection it is into `asker`. Gives the header's length, 0 while
 * more must come, or −1 if it is none: the version 1 text is none either.
 *
 * A proxy that connects for itself, as to see whether we live (`LOCAL`), stays the asker.
 */
export function readProxyHeader(bytes: Uint8Array, asker: AddressBytes): number {
  const known = Math.min(bytes.length, SIGNATURE.length);
  for (let at = 0; at < known; at += 1) if (bytes[at] !== SIGNATURE[at]) return -1;
  if (bytes.length < FIXED_BYTES) return 0;
  const command = bytes[12] ?? 0;
  const family = bytes[13] ?? 0;
  const rest = ((bytes[14] ?? 0) << 8) | (bytes[15] ?? 0);
  const length = FIXED_BYTES + rest;
  if (length > PROXY_HEADER_BYTES_MAX) return -1;
  if (command !== COMMAND_LOCAL && command !== COMMAND_PROXY) return -1;
  const addressed = command === COMMAND_PROXY && family !== UNSPECIFIED;
  if (addressed && !fits(family, rest)) return -1;
  if (bytes.length < length) return 0;
  if (addressed) asker.copy(bytes, FIXED_BYTES, family === TCP_OVER_IPV4 ? 4 : 16);
  return length;
}

/** A UNIX socket has no address to hand out, and a datagram does not come by TCP. */
function fits(family: number, rest: number): boolean {
  if (family === TCP_OVER_IPV4) return rest >= IPV4_ADDRESSES_BYTES;
  return family === TCP_OVER_IPV6 && rest >= IPV6_ADDRESSES_BYTES;
}
