import { type InfoHash, infoHashFromBytes, parseInfoHash } from "@seedfleet/bytes";
import { parseBase32 } from "./base32.ts";
import { MAGNET_LENGTH_MAX, MAGNET_PEERS_MAX, TRACKERS_MAX, WEB_SEEDS_MAX } from "./limits.ts";
import type { Magnet, MagnetPeer } from "./magnet.ts";
import { isUrl } from "./parse-urls.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

const SCHEME = "magnet:?";
const V1_TOPIC = "urn:btih:";
const V2_TOPIC = "urn:btmh:";

/** A multihash: SHA2-256 (0x12) of 32 bytes (0x20), the only one BEP 52 knows. */
const V2_MULTIHASH = /^1220([0-9a-f]{64})$/;

const BASE32_HASH_LENGTH = 32;
const PORT_MAX = 65_535;
const PEER = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s/]+)):([0-9]{1,5})$/i;

/** A parameter may be numbered, `tr.1`, where there are several; `x.pe` has its dot of its own. */
const NUMBER = /\.[0-9]+$/;

const ESCAPES = /(?:%[0-9a-f]{2})+/gi;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads a magnet link. What is merely of no use in it (a tracker that is no URL, a peer without a
 * port, an unknown parameter) is left out; only without a v1 info hash is it a violation.
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
  const infoHashV2 = parseV2(topics);
  const infoHash = parseV1(topics, infoHashV2);
  if (typeof infoHash === "object" && "code" in infoHash) return infoHash;
  return {
    kind: "magnet",
    infoHash,
    infoHashV2,
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

function parseV1(
  topics: readonly string[],
  infoHashV2: string | null,
): InfoHash | MetainfoViolation {
  const topic = topics.find((each) => each.toLowerCase().startsWith(V1_TOPIC));
  if (topic !== undefined) {
    const infoHash = parseHash(topic.slice(V1_TOPIC.length));
    return infoHash ?? violation({ code: "magnet-invalid-info-hash" });
  }
  return infoHashV2 === null
    ? violation({ code: "magnet-missing-info-hash" })
    : violation({ code: "metainfo-version-unsupported", version: 2 });
}

/** BEP 9: hex, and base32 as older links have it. */
function parseHash(text: string): InfoHash | null {
  if (text.length !== BASE32_HASH_LENGTH) return parseInfoHash(text);
  const bytes = parseBase32(text);
  return bytes === null ? null : infoHashFromBytes(bytes);
}

function parseV2(topics: readonly string[]): string | null {
  for (const topic of topics.map((each) => each.toLowerCase())) {
    if (!topic.startsWith(V2_TOPIC)) continue;
    const hash = V2_MULTIHASH.exec(topic.slice(V2_TOPIC.length))?.[1];
    if (hash !== undefined) return hash;
  }
  return null;
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
