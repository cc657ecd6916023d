import { ipAddressFromBytes, ipAddressText, parseIpAddress } from "@seedfleet/bytes";

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const DOT = 0x2e;
const ZERO = 0x30;
const MAPPED_PREFIX = "::ffff:";

/**
 * An IP address in network bytes, written over for each asker. An IPv4-mapped address is IPv4, so
 * that whoever comes by a dual-stack socket is the same as by another.
 */
export class AddressBytes {
  readonly bytes: Uint8Array = new Uint8Array(IPV6_BYTES);
  length: 4 | 16 = IPV4_BYTES;

  /** Reads a text; false, and nothing changed, if it is no IP address. */
  parse(text: string): boolean {
    const from = text.startsWith(MAPPED_PREFIX) ? MAPPED_PREFIX.length : 0;
    if (this.#parseDotted(text, from)) return true;
    const address = parseIpAddress(text);
    if (address === null) return false;
    for (let at = 0; at < address.length; at += 1) this.bytes[at] = address.charCodeAt(at);
    this.length = address.length === IPV4_BYTES ? IPV4_BYTES : IPV6_BYTES;
    return true;
  }

  /** Takes 4 or 16 bytes at `from`. */
  copy(bytes: Uint8Array, from: number, length: 4 | 16): void {
    if (length === IPV6_BYTES && isMapped(bytes, from)) {
      this.copy(bytes, from + IPV6_BYTES - IPV4_BYTES, IPV4_BYTES);
      return;
    }
    for (let at = 0; at < length; at += 1) this.bytes[at] = bytes[from + at] ?? 0;
    this.length = length;
  }

  /** For logs and tests. */
  toString(): string {
    const address = ipAddressFromBytes(this.bytes.subarray(0, this.length));
    return address === null ? "" : ipAddressText(address);
  }

  /** The address of nearly every socket, without the lists that the parser of any text makes. */
  #parseDotted(text: string, from: number): boolean {
    let packed = 0;
    let value = 0;
    let digits = 0;
    let dots = 0;
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === DOT) {
        if (digits === 0) return false;
        packed = (packed << 8) | value;
        value = 0;
        digits = 0;
        dots += 1;
      } else {
        const digit = code - ZERO;
        // A leading zero is refused: some read it as octal.
        if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return false;
        value = value * 10 + digit;
        digits += 1;
        if (value > 0xff) return false;
      }
    }
    if (dots !== IPV4_BYTES - 1 || digits === 0) return false;
    const { bytes } = this;
    bytes[0] = packed >> 16;
    bytes[1] = packed >> 8;
    bytes[2] = packed;
    bytes[3] = value;
    this.length = IPV4_BYTES;
    return true;
  }
}

/** Whether 16 bytes are an IPv4 address of `::ffff:0:0/96`. */
function isMapped(bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < 10; at += 1) if (bytes[from + at] !== 0) return false;
  return bytes[from + 10] === 0xff && bytes[from + 11] === 0xff;
}
