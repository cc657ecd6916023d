const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const PORT_BYTES = 2;
const PORT_MAX = 65_535;

/** `::ffff:0:0/96`: an IPv4 address as a dual-stack socket shows it. */
const IPV4_MAPPED_PREFIX = "\0\0\0\0\0\0\0\0\0\0\xff\xff";

declare const endpointBrand: unique symbol;

/**
 * Where a peer listens, in the compact form of BEP 23 (4 + 2 bytes) or BEP 7 (16 + 2 bytes), one
 * character per byte (Latin-1). Equal endpoints are equal strings, so it may be a map key, and a
 * compact reply is a concatenation. Only `endpointOf` makes one.
 */
export type Endpoint = string & { readonly [endpointBrand]: true };

export type AddressFamily = "ipv4" | "ipv6";

/**
 * The endpoint of an IP address as text and a port. An IPv4-mapped IPv6 address is IPv4; a zone
 * (`%eth0`) is dropped, since it means nothing to others. Null for a host name or a port out of
 * range: no compact reply could carry them.
 */
export function endpointOf(host: string, port: number): Endpoint | null {
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) return null;
  const address = host.includes(":") ? parseIpv6(host) : parseIpv4(host);
  return address === null ? null : ((address + uint16(port)) as Endpoint);
}

export function endpointFamily(endpoint: Endpoint): AddressFamily {
  return endpoint.length === IPV4_BYTES + PORT_BYTES ? "ipv4" : "ipv6";
}

/** The address as text: dotted, or eight groups of hexadecimal digits. */
export function endpointHost(endpoint: Endpoint): string {
  if (endpointFamily(endpoint) === "ipv4") {
    return [0, 1, 2, 3].map((at) => endpoint.charCodeAt(at)).join(".");
  }
  return [0, 2, 4, 6, 8, 10, 12, 14].map((at) => uint16At(endpoint, at).toString(16)).join(":");
}

export function endpointPort(endpoint: Endpoint): number {
  return uint16At(endpoint, endpoint.length - PORT_BYTES);
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
  const bytes = head + "\0".repeat(zeros) + tail;
  return bytes.startsWith(IPV4_MAPPED_PREFIX) ? bytes.slice(IPV4_MAPPED_PREFIX.length) : bytes;
}

/** Groups between colons; the last of an address may be a dotted IPv4 address. */
function parseGroups(text: string, options: { readonly mayEndInIpv4: boolean }): string | null {
  if (text === "") return "";
  const groups = text.split(":");
  let bytes = "";
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      bytes += uint16(Number.parseInt(group, 16));
    } else {
      const isLast = options.mayEndInIpv4 && index === groups.length - 1;
      const ipv4 = isLast ? parseIpv4(group) : null;
      if (ipv4 === null) return null;
      bytes += ipv4;
    }
  }
  return bytes;
}

function uint16(value: number): string {
  return String.fromCharCode(value >> 8, value & 0xff);
}

function uint16At(bytes: string, at: number): number {
  return (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1);
}
