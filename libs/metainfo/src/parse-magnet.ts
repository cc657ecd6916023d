import {
  type InfoHash,
  type InfoHashV2,
  infoHashFromBytes,
  parseInfoHash,
  parseInfoHashV2,
  truncatedInfoHash,
} from "@seedfleet/bytes";
import { parseBase32 } from "./base32.ts";
import { MAGNET_LENGTH_MAX, MAGNET_PEERS_MAX, TRACKERS_MAX, WEB_SEEDS_MAX } from "./limits.ts";
import type { Magnet, MagnetPeer } from "./magnet.ts";
import { isUrl } from "./parse-urls.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

const SCHEME = "magnet:?";
const V1_TOPIC = "urn:btih:";
const V2_TOPIC = "urn:btmh:";

/** How the only multihash begins that BEP 52 knows: SHA2-256 (0x12) of 32 bytes (0x20). */
const V2_MULTIHASH = "1220";

const BASE32_HASH_LENGTH = 32;
const PORT_MAX = 65_535;
const PEER = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s/]+)):([0-9]{1,5})$/i;

/** A parameter may be numbered, `tr.1`, where there are several; `x.pe` has its dot of its own. */
const NUMBER = /\.[0-9]+$/;

const ESCAPES = /(?:%[0-9a-f]{2})+/gi;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads a magnet link. What is merely of no use in it (a tracker that is no URL, a peer without a
 * port, an unknown parameter) is left out; only without an info hash is it a violation.
 */
export function parseMagnet(text: string): Magnet | MetainfoViolation {
  if (text.length > MAGNET_LENGTH_MAX) {
    return violation({ code: "magnet-too-long", max: MAGNET_LENGTH_MAX });
  }
  if (text.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    return violation({ code: "magnet-invalid" });
  }
  const parameters = readParameters(text.slice(SCHEME.length));
  const topics = (parameters.get("xt") ?? []).map(unescaped);
  const names = parameters.get("dn") ?? [];
  const selections = parameters.get("so") ?? [];
  const hashes = parseTopics(topics);
  if ("code" in hashes) return hashes;
  return {
    kind: "magnet",
    ...hashes,
    // Only here is a plus a space, as of an HTML form; a URL holds no space and may hold a plus.
    name: names.map((name) => unescaped(name.replaceAll("+", " ")))[0] ?? null,
    trackers: parseUrls(parameters.get("tr") ?? [], TRACKERS_MAX),
    webSeeds: parseUrls(parameters.get("ws") ?? [], WEB_SEEDS_MAX),
    peers: parsePeers(parameters.get("x.pe") ?? []),
    selectOnly: selections[0] === undefined ? null : unescaped(selections[0]),
  };
}

/** The parameters by name, their values still escaped. */
function readParameters(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const parameter of query.split("&")) {
    const equals = parameter.indexOf("=");
    if (equals < 0) continue;
    const name = parameter.slice(0, equals).toLowerCase().replace(NUMBER, "");
    const values = parameters.get(name) ?? [];
    values.push(parameter.slice(equals + 1));
    parameters.set(name, values);
  }
  return parameters;
}

/** A v1 hash must be one; a v2 hash that is none may be of a version to come, beside a v1 one. */
function parseTopics(
  topics: readonly string[],
): Pick<Magnet, "version" | "infoHash" | "infoHashV2"> | MetainfoViolation {
  const v1 = topicsOf(topics, V1_TOPIC);
  const v2 = topicsOf(topics, V2_TOPIC);
  const infoHashV2 = v2.map(parseMultihash).find((each) => each !== null) ?? null;
  const [first] = v1;
  if (first !== undefined) {
    const infoHash = parseHash(first);
    if (infoHash === null) return violation({ code: "magnet-invalid-info-hash" });
    return { version: infoHashV2 === null ? "v1" : "hybrid", infoHash, infoHashV2 };
  }
  if (infoHashV2 !== null) {
    return { version: "v2", infoHash: truncatedInfoHash(infoHashV2), infoHashV2 };
  }
  const code = v2.length > 0 ? "magnet-invalid-info-hash" : "magnet-missing-info-hash";
  return violation({ code });
}

function topicsOf(topics: readonly string[], prefix: string): readonly string[] {
  const found = topics.filter((topic) => topic.toLowerCase().startsWith(prefix));
  return found.map((topic) => topic.slice(prefix.length));
}

/** BEP 9: hex, and base32 as older links have it. */
function parseHash(text: string): InfoHash | null {
  if (text.length !== BASE32_HASH_LENGTH) return parseInfoHash(text);
  const bytes = parseBase32(text);
  return bytes === null ? null : infoHashFromBytes(bytes);
}

function parseMultihash(text: string): InfoHashV2 | null {
  return text.startsWith(V2_MULTIHASH) ? parseInfoHashV2(text.slice(V2_MULTIHASH.length)) : null;
}

function parseUrls(values: readonly string[], max: number): readonly string[] {
  const urls = values.map((value) => unescaped(value).trim()).filter(isUrl);
  return [...new Set(urls)].slice(0, max);
}

function parsePeers(values: readonly string[]): readonly MagnetPeer[] {
  const peers: MagnetPeer[] = [];
  for (const value of values) {
    const [, ipv6, name, digits] = PEER.exec(unescaped(value)) ?? [];
    const host = ipv6 ?? name;
    const port = Number(digits);
    if (host === undefined || port === 0 || port > PORT_MAX) continue;
    if (peers.length < MAGNET_PEERS_MAX) peers.push({ host, port });
  }
  return peers;
}

/** As decodeURIComponent, but of any text: no escape stays as it is, no UTF-8 is U+FFFD. */
function unescaped(text: string): string {
  return text.replace(ESCAPES, (escapes) =>
    utf8.decode(Uint8Array.fromHex(escapes.replaceAll("%", ""))),
  );
}
