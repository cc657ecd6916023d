const IPV4_BYTES = 4;
const IPV6_BYTES = 16;

/** `::ffff:0:0/96`: an IPv4 address as a dual-stack socket shows it. */
const IPV4_MAPPED_PREFIX = "\0\0\0\0\0\0\0\0\0\0\xff\xff";

declare const ipAddressBrand: unique symbol;

/**
 * An IP address in its 4 or 16 bytes, one character per byte (Latin-1), so that equal addresses are
 * equal strings. An IPv4-mapped IPv6 address is IPv4. Only the functions of this file make one.
 */
export type IpAddress = string & { readonly [ipAddressBrand]: true };

export type AddressFamily = "ipv4" | "ipv6";

/**
 * Reads an address as text; null for a host name. A zone (`%eth0`) is dropped, since it means
 * nothing to others.
 */
export function parseIpAddress(text: string): IpAddress | null {
  return (text.includes(":") ? parseIpv6(text) : parseIpv4(text)) as IpAddress | null;
}

/** The address of 4 or 16 bytes; null for any other number of them. */
export function ipAddressFromBytes(bytes: Uint8Array): IpAddress | null {
  if (bytes.length !== IPV4_BYTES && bytes.length !== IPV6_BYTES) return null;
  return unmapped(String.fromCharCode(...bytes)) as IpAddress;
}

/** The bytes as they go on the wire; a new array each time. */
export function ipAddressBytes(address: IpAddress): Uint8Array {
  return Uint8Array.from(address, (character) => character.charCodeAt(0));
}

export function ipAddressFamily(address: IpAddress): AddressFamily {
  return address.length === IPV4_BYTES ? "ipv4" : "ipv6";
}

/** The address as text: dotted, or eight groups of hexadecimal digits. */
export function ipAddressText(address: IpAddress): string {
  if (ipAddressFamily(address) === "ipv4") {
    return [0, 1, 2, 3].map((at) => address.charCodeAt(at)).join(".");
  }
  return [0, 2, 4, 6, 8, 10, 12, 14].map((at) => uint16At(address, at).toString(16)).join(":");
}

/** Four bytes, or null. A leading zero is refused: some read it as octal. */
function parseIpv4(text: string): string | null {
  const parts = text.split(".");
  if (parts.length !== IPV4_BYTES) return null;
  let bytes = "";
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes += String.fromCharCode(Number(part));
  }
  return bytes;
}

/** Sixteen bytes, or four if the address is IPv4-mapped, or null (RFC 4291, section 2.2). */
function parseIpv6(text: string): string | null {
  const [address = ""] = text.split("%", 1);
  const [before = "", after = null, ...more] = address.split("::");
  if (more.length > 0) return null;
  const head = parseGroups(before, { mayEndInIpv4: after === null });
  const tail = parseGroups(after ?? "", { mayEndInIpv4: true });
  if (head === null || tail === null) return null;
  const zeros = IPV6_BYTES - head.length - tail.length;
  // "::" stands for at least one group; without it there is nothing to fill.
  if (after === null ? zeros !== 0 : zeros < 2) return null;
  return unmapped(head + "\0".repeat(zeros) + tail);
}

/** Groups between colons; the last of an address may be a dotted IPv4 address. */
function parseGroups(text: string, options: { readonly mayEndInIpv4: boolean }): string | null {
  if (text === "") return "";
  const groups = text.split(":");
  let bytes = "";
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes += String.fromCharCode(value >> 8, value & 0xff);
    } else {
      const isLast = options.mayEndInIpv4 && index === groups.length - 1;
      const ipv4 = isLast ? parseIpv4(group) : null;
      if (ipv4 === null) return null;
      bytes += ipv4;
    }
  }
  return bytes;
}

function unmapped(bytes: string): string {
  return bytes.startsWith(IPV4_MAPPED_PREFIX) ? bytes.slice(IPV4_MAPPED_PREFIX.length) : bytes;
}

function uint16At(bytes: string, at: number): number {
  return (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1);
}
