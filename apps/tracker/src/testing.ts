import assert from "node:assert/strict";
import type { Bus } from "@seedfleet/bus";
import {
  type Endpoint,
  endpointHost,
  endpointOf,
  endpointPort,
  parseInfoHash,
} from "@seedfleet/bytes";
import type { CatalogEntry, Presence } from "@seedfleet/contracts";
import bencode from "bencode";

export const INFO_HASH = "c0fda1edafdbdbb96443424e0b3899af7159d10e";
export const PEER_ID = "2d5346303130302d6162636465666768696a6b6c";

/** The query of a leecher at port 6881, unless told otherwise; null leaves a parameter out. */
export function givenQuery(differing: Readonly<Record<string, string | null>> = {}): string {
  const parameters = {
    info_hash: percentEncoded(INFO_HASH),
    peer_id: percentEncoded(PEER_ID),
    port: "6881",
    uploaded: "0",
    downloaded: "0",
    left: "1000",
    compact: "1",
    ...differing,
  };
  return Object.entries(parameters)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

export function givenEndpoint(host: string, port: number): Endpoint {
  return known(endpointOf(host, port));
}

export function givenEntry(infoHashHex: string = INFO_HASH): CatalogEntry {
  return {
    infoHash: known(parseInfoHash(infoHashHex)),
    name: "content",
    sizeBytes: 1,
    contentBytes: 1,
    pieceLengthBytes: 16_384,
    pieceCount: 1,
    fileCount: 1,
    private: false,
    infoHashV2: null,
    version: "v1",
    aliases: [],
    sources: [
      {
        holder: "piece-store-1",
        shared: false,
        location: "/content",
        fingerprint: "0".repeat(64),
      },
    ],
    addedAtMs: 0,
  };
}

export function givenPresence(id: string, differing: Partial<Presence> = {}): Presence {
  return {
    role: "gateway",
    id,
    version: "0.1.0",
    startedAtMs: 0,
    draining: false,
    load: 0,
    peerAddress: { host: "192.0.2.1", port: 6881 },
    urls: [],
    gateway: null,
    ...differing,
  };
}

/** The same bus, with the status a test tells: an embedded one is never away by itself. */
export function withStatus(bus: Bus): { readonly bus: Bus; tell(status: Bus["status"]): void } {
  const listeners: ((status: Bus["status"]) => void)[] = [];
  let now: Bus["status"] = "connected";
  const told = new Proxy(bus, {
    get(target, name) {
      if (name === "status") return now;
      if (name === "onStatus") return (listener: (typeof listeners)[0]) => listeners.push(listener);
      const member = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const tell = (status: Bus["status"]): void => {
    now = status;
    for (const listener of listeners) listener(status);
  };
  return { bus: told, tell };
}

/** A reply as a client reads it, with its byte strings as Latin-1 text. */
export type DecodedReply = { readonly [key: string]: unknown };

export function decoded(body: Uint8Array): DecodedReply {
  return asText(bencode.decode(body)) as DecodedReply;
}

/** `host:port` of each peer in a compact list. */
export function addressesOf(compact: unknown, addressBytes: 4 | 16 = 4): string[] {
  assert(typeof compact === "string" && compact.length % (addressBytes + 2) === 0);
  const peers = compact.match(new RegExp(`[^]{${addressBytes + 2}}`, "g")) ?? [];
  return peers.map((peer) => `${endpointHost(peer as Endpoint)}:${endpointPort(peer as Endpoint)}`);
}

export function percentEncoded(hex: string): string {
  return hex.replaceAll(/../g, "%$&");
}

function asText(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asText(inner)]));
}

function known<Value>(value: Value | null): Value {
  assert(value !== null);
  return value;
}
