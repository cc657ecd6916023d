import { AddressBytes } from "./address-bytes.ts";
import type { Networks } from "./networks.ts";

/**
 * Finds who asks behind a chain of HTTP proxies: the rightmost hop of `X-Forwarded-For` that is no
 * proxy of ours, since a client may have written whatever it likes to the left of it. Writes it
 * into `asker`, which is the proxy that asks us. False if that hop is no address: to take the
 * proxy for the peer instead would hand the proxy out.
 *
 * `lines` are the values of the header in their order; a header may come several times.
 */
export function forwardedFor(
  lines: readonly string[],
  asker: AddressBytes,
  proxies: Networks,
): boolean {
  const hop = new AddressBytes();
  for (const line of lines.toReversed()) {
    for (let to = line.length; to >= 0; ) {
      const comma = to === 0 ? -1 : line.lastIndexOf(",", to - 1);
      const text = line.slice(comma + 1, to).trim();
      to = comma;
      // A list may have empty elements (RFC 9110, section 5.6.1).
      if (text === "") continue;
      if (!hop.parse(hostOf(text))) return false;
      asker.copy(hop.bytes, 0, hop.length);
      if (!proxies.has(hop)) return true;
    }
  }
  return true;
}

/** Some proxies write the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function hostOf(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text);
  if (bracketed !== null) return bracketed[1] ?? "";
  return /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
}
