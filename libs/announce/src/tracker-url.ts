import { TRACKER_URL_LENGTH_MAX } from "./announce-limits.ts";

export type TrackerScheme = "http" | "https" | "udp";

/** Where a tracker is. May hold a passkey: `trackerLabel` is for people. */
export type TrackerUrl = {
  readonly scheme: TrackerScheme;
  /** Without a fragment. Equal for the same tracker, written otherwise. */
  readonly href: string;
  /** A name or an address, which of IPv6 has no brackets. */
  readonly host: string;
  readonly port: number;
  /** As BEP 41 sends it; empty where the URL has none. */
  readonly pathAndQuery: string;
};

const SCHEMES: Readonly<Record<string, { scheme: TrackerScheme; port: number }>> = {
  "http:": { scheme: "http", port: 80 },
  "https:": { scheme: "https", port: 443 },
  // BEP 15 has no port that goes without saying.
  "udp:": { scheme: "udp", port: 0 },
};

/** What is in the paths of trackers anyway. */
const COMMON_ELEMENTS: ReadonlySet<string> = new Set(["", "announce", "announce.php", "tracker"]);

/** Shorter ones are words and numbers, which would be struck out of every message. */
const SECRET_LENGTH_MIN = 6;

/** Null for what is no URL of a tracker that we can ask. */
export function parseTrackerUrl(text: string): TrackerUrl | null {
  if (text.length > TRACKER_URL_LENGTH_MAX) return null;
  const url = URL.parse(text);
  const known = url === null ? undefined : SCHEMES[url.protocol];
  if (url === null || known === undefined) return null;
  const { scheme } = known;
  const port = url.port === "" ? known.port : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (host === "" || port === 0) return null;
  url.hash = "";
  const pathAndQuery = url.pathname + url.search;
  const href = scheme === "udp" ? `udp://${hostPort(host, port)}${pathAndQuery}` : url.href;
  return { scheme, href, host, port, pathAndQuery };
}

/** For logs and screens: path and query may hold a passkey, so they are only said to be there. */
export function trackerLabel({ scheme, host, port, pathAndQuery }: TrackerUrl): string {
  const isPlain = ["", "/", "/announce"].includes(pathAndQuery);
  return `${scheme}://${hostPort(host, port)}${isPlain ? pathAndQuery : "/…"}`;
}

/**
 * The text without what may be secret in the tracker's URL: trackers repeat passkeys in their
 * refusals.
 */
export function withoutSecrets(text: string, url: TrackerUrl): string {
  let plain = text;
  for (const secret of secretsOf(url)) plain = plain.replaceAll(secret, "…");
  return plain;
}

/** The longest first, so that none is left in part because another is within it. */
function secretsOf({ href, pathAndQuery }: TrackerUrl): readonly string[] {
  const { username, password } = new URL(href);
  const [path = "", query = ""] = pathAndQuery.split("?", 2);
  // The names in a query are words.
  const values = query.split(/[&;]/).map((item) => item.slice(item.indexOf("=") + 1));
  const elements = [...path.split("/"), ...values, username, password];
  const secret = elements.filter(
    (element) => element.length >= SECRET_LENGTH_MIN && !COMMON_ELEMENTS.has(element),
  );
  const written = secret.flatMap((element) => [element, decoded(element)]);
  return [...new Set(written)].toSorted((one, other) => other.length - one.length);
}

/** As a tracker reads it; what is not percent-encoded text stands for itself. */
function decoded(element: string): string {
  try {
    return decodeURIComponent(element);
  } catch {
    return element;
  }
}

function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
