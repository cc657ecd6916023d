import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import {
  decisionText,
  type ExplainedPeer,
  explainPeer,
  parseSoughtPeer,
  whyText,
} from "@seedfleet/fleet";
import { isBearer } from "@seedfleet/service";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { ConsoleConfig } from "./config.ts";
import { fail, type RoutePorts } from "./routes.ts";

/** Who may read of peers. */
export type PeerAccess =
  | { readonly kind: "everybody" }
  | { readonly kind: "nobody" }
  | { readonly kind: "token"; readonly token: string };

/**
 * Addresses of peers are personal data: whoever has the token may read them, or whoever is on this
 * machine, if the console has no token. Where it has a URL, a proxy may let others in.
 */
export function peerAccess({ host, advertisedUrl, apiToken }: ConsoleConfig): PeerAccess {
  if (apiToken !== null) return { kind: "token", token: apiToken };
  const isOwn = isLoopback(host) && advertisedUrl === null;
  return { kind: isOwn ? "everybody" : "nobody" };
}

type PeerRequest = { Params: { peer: string }; Querystring: { torrent?: unknown } };

/**
 * `GET /peers/PEER` answers why a peer is or is not unchoked: each of its connections as its
 * gateway sees it, with `why` in words, and what was decided of it in the last minute. PEER is what
 * `seedfleet explain` takes; `?torrent=INFO_HASH` leaves out other torrents.
 */
export function addPeerRoute(
  server: FastifyInstance,
  access: PeerAccess,
  current: () => RoutePorts | null,
): void {
  server.get<PeerRequest>("/peers/:peer", async (request, reply) => {
    reply.header("cache-control", "no-store");
    const refused = refuse(reply, access, request.headers.authorization);
    const ports = current();
    if (refused !== null || ports === null) return refused ?? reply;
    const peer = parseSoughtPeer(request.params.peer);
    if (peer === null) return fail(reply, 400, "a peer is an address, address:port or peer id");
    const infoHash = soughtTorrent(request.query.torrent);
    if (infoHash === undefined) return fail(reply, 400, "torrent is an info hash of 40 hex digits");
    const gateways = ports.presence.present("gateway").map(({ id }) => id);
    const explained = await explainPeer(ports.bus, gateways, { peer, infoHash });
    if (explained.connections.length > 0) return described(explained);
    const isUnsure = gateways.length === 0 || explained.silent.length > 0;
    return isUnsure
      ? fail(reply, 503, "no gateway runs, or one does not answer; try again")
      : fail(reply, 404, "no gateway has a connection of such a peer");
  });
}

function refuse(
  reply: FastifyReply,
  access: PeerAccess,
  authorization: string | undefined,
): FastifyReply | null {
  if (access.kind === "everybody") return null;
  if (access.kind === "nobody") {
    return fail(reply, 403, "SEEDFLEET_CONSOLE_API_TOKEN is not set, so nobody is told of peers");
  }
  if (isBearer(authorization, access.token)) return null;
  reply.header("www-authenticate", "Bearer");
  return fail(reply, 401, "this needs the header Authorization: Bearer TOKEN");
}

/** Null where none is named, undefined where it is no info hash. */
function soughtTorrent(named: unknown): InfoHash | null | undefined {
  if (named === undefined) return null;
  return (typeof named === "string" ? parseInfoHash(named) : null) ?? undefined;
}

function described({ connections, leftOut, silent }: ExplainedPeer): object {
  return {
    connections: connections.map((connection) => ({
      ...connection,
      why: whyText(connection),
      moments: connection.moments.map((each) => ({ ...each, why: decisionText(each) })),
    })),
    leftOut,
    silent,
  };
}

function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1" || host === "localhost";
}
