import { ipAddressText, PEER_ID_BYTES, parseIpAddress, parsePeerId } from "@seedfleet/bytes";
import type { SoughtPeer } from "@seedfleet/contracts";

/** `192.0.2.1:6881` or `[2001:db8::1]:6881`; the port may be left out. */
const WITH_PORT = /^(?:\[(?<ipv6>[0-9a-f:.]+)\]|(?<ipv4>[0-9.]+))(?::(?<port>\d{1,5}))?$/i;

/** What of a peer id can be typed: graphic ASCII. */
const GRAPHIC = /^[!-~]+$/;

const PORT_MAX = 65_535;

/**
 * Reads a peer as an operator knows it: an IP address, with or without a port; a peer id as 40 hex
 * digits, or as its characters; or the first few of these, such as a client's `-qB4650-`. Null for
 * anything else.
 */
export function parseSoughtPeer(text: string): SoughtPeer | null {
  const bare = parseIpAddress(text);
  if (bare !== null) return { kind: "address", host: ipAddressText(bare), port: null };
  const { ipv6, ipv4, port } = WITH_PORT.exec(text)?.groups ?? {};
  const address = parseIpAddress(ipv6 ?? ipv4 ?? "");
  if (address !== null) return withPort(ipAddressText(address), port);
  const prefix = parsePeerId(text);
  if (prefix !== null) return { kind: "peer-id", prefix };
  if (!GRAPHIC.test(text) || text.length > PEER_ID_BYTES) return null;
  return { kind: "peer-id", prefix: Buffer.from(text, "latin1").toString("hex") };
}

function withPort(host: string, text: string | undefined): SoughtPeer | null {
  if (text === undefined) return { kind: "address", host, port: null };
  const port = Number(text);
  return port < 1 || port > PORT_MAX ? null : { kind: "address", host, port };
}
