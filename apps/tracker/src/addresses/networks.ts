import { type IpAddress, ipAddressBytes, parseIpAddress } from "@seedfleet/bytes";
import type { AddressBytes } from "./address-bytes.ts";

/** `::ffff:0:0/96`: an IPv4 network written as IPv6 has so many bits in front. */
const MAPPED_BITS = 96;

type Network = { readonly bytes: Uint8Array; readonly prefixBits: number };

/**
 * IPv4 and IPv6 networks in CIDR notation, as settings name the proxies and the networks to trust.
 * There are a few of them at most, so they are looked through one by one.
 */
export class Networks {
  static readonly none: Networks = new Networks([]);

  readonly #networks: readonly Network[];

  private constructor(networks: readonly Network[]) {
    this.#networks = networks;
  }

  /**
   * Reads `192.0.2.0/24`, `2001:db8::/32`, and a lone address as the network of itself. Gives the
   * first text that is none, for the message to whoever wrote it. Bits behind the prefix must be 0,
   * since `10.1.0.0/8` may have been meant as either.
   */
  static parse(texts: readonly string[]): Networks | { readonly invalid: string } {
    const networks: Network[] = [];
    for (const text of texts) {
      const network = parseNetwork(text.trim());
      if (network === null) return { invalid: text };
      networks.push(network);
    }
    return new Networks(networks);
  }

  get size(): number {
    return this.#networks.length;
  }

  has({ bytes, length }: Pick<AddressBytes, "bytes" | "length">): boolean {
    for (const network of this.#networks) {
      if (network.bytes.length === length && startsAlike(network, bytes)) return true;
    }
    return false;
  }
}

function parseNetwork(text: string): Network | null {
  const [host = "", prefix, ...more] = text.split("/");
  const address = host.includes("%") ? null : parseIpAddress(host);
  if (address === null || more.length > 0) return null;
  const bytes = ipAddressBytes(address);
  const bits = bytes.length * 8;
  if (prefix === undefined) return { bytes, prefixBits: bits };
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix)) return null;
  const prefixBits = Number(prefix) - mappedBitsOf(address, host);
  if (prefixBits < 0 || prefixBits > bits) return null;
  return hasNothingBehind(bytes, prefixBits) ? { bytes, prefixBits } : null;
}

/** `::ffff:192.0.2.0/120` is `192.0.2.0/24`. */
function mappedBitsOf(address: IpAddress, host: string): number {
  return host.includes(":") && address.length === 4 ? MAPPED_BITS : 0;
}

function hasNothingBehind(bytes: Uint8Array, prefixBits: number): boolean {
  return bytes.every((byte, index) => {
    const mask = maskOf(prefixBits - index * 8);
    return (byte & ~mask & 0xff) === 0;
  });
}

function startsAlike({ bytes, prefixBits }: Network, address: Uint8Array): boolean {
  const whole = prefixBits >> 3;
  for (let at = 0; at < whole; at += 1) if (bytes[at] !== address[at]) return false;
  const mask = maskOf(prefixBits & 7);
  return mask === 0 || (((bytes[whole] ?? 0) ^ (address[whole] ?? 0)) & mask) === 0;
}

/** The byte that has the first `bits` of its 8 set. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
}
