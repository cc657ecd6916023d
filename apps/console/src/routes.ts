import type { Bus } from "@seedfleet/bus";
import { parseInfoHash } from "@seedfleet/bytes";
import type { CatalogEntry } from "@seedfleet/contracts";
import type { Catalog, PresenceWatch } from "@seedfleet/fleet";
import { formatMagnet } from "@seedfleet/metainfo";
import { VERSION } from "@seedfleet/runtime";
import type { FastifyInstance, FastifyReply } from "fastify";
import { announceUrls, torrentFile, v1TorrentFile } from "./torrent-file.ts";

export type RoutePorts = {
  readonly bus: Bus;
  readonly catalog: Catalog;
  readonly presence: PresenceWatch;
  /** Where people reach the console. */
  readonly url: string;
};

/** One line of `GET /torrents`. */
export type ListedTorrent = {
  readonly name: string;
  readonly infoHash: string;
  /** Null of a torrent that is v1 alone. */
  readonly infoHashV2: string | null;
  readonly version: "v1" | "v2" | "hybrid";
  readonly sizeBytes: number;
  readonly pieceLengthBytes: number;
  readonly fileCount: number;
  /** It is still being downloaded: not all of it can be had here yet. */
  readonly incomplete: boolean;
  readonly addedAt: string;
  readonly torrentUrl: string;
  /** Of a hybrid: a v1 torrent of the same pieces, for clients that cannot open it. */
  readonly v1TorrentUrl: string | null;
  readonly magnet: string;
};

/**
 * What people and programs read from the console, whoever they are. It changes nothing.
 * Until `current` gives its ports every answer is to come back later.
 */
export function addRoutes(server: FastifyInstance, current: () => RoutePorts | null): void {
  server.addHook("onRequest", async (_request, reply) => {
    reply.header("x-content-type-options", "nosniff");
    if (current() === null) return fail(reply, 503, "the console is starting; try again");
    return undefined;
  });
  server.setNotFoundHandler((_request, reply) =>
    fail(reply, 404, "there is nothing here; /torrents lists what is seeded"),
  );

  server.get("/", () => ({
    name: "Seedfleet",
    version: VERSION,
    torrents: `${current()?.url}/torrents`,
  }));

  server.get("/torrents", async (_request, reply) => {
    const ports = current();
    if (ports === null) return reply;
    const entries = await ports.catalog.list();
    return { torrents: entries.map((entry) => listed(ports, entry)) };
  });

  server.get<{ Params: { file: string } }>("/torrents/:file", async (request, reply) => {
    const ports = current();
    const { file } = request.params;
    const [, name = "", v1] = /^([^.]*)(\.v1)?\.torrent$/.exec(file) ?? [];
    const infoHash = parseInfoHash(name);
    if (ports === null || infoHash === null) return fail(reply, 404, ABSENT);
    const found = await (v1 ? v1TorrentFile : torrentFile)(ports, infoHash);
    if (found.kind === "absent") return fail(reply, 404, ABSENT);
    if (found.kind === "no-tracker") return fail(reply, 503, "no tracker is running; try again");
    return reply
      .type("application/x-bittorrent")
      .header("content-disposition", `attachment; filename="${file}"`)
      .send(Buffer.from(found.bytes));
  });
}

const ABSENT = "there is no such torrent; /torrents lists what is seeded";

export function fail(reply: FastifyReply, code: number, error: string): FastifyReply {
  return reply.code(code).send({ error });
}

function listed({ url, presence }: RoutePorts, entry: CatalogEntry): ListedTorrent {
  const { name, infoHash, infoHashV2, version, pieceLengthBytes, fileCount } = entry;
  return {
    name,
    infoHash,
    infoHashV2,
    version,
    sizeBytes: entry.contentBytes,
    pieceLengthBytes,
    fileCount,
    incomplete: entry.incomplete === true,
    addedAt: new Date(entry.addedAtMs).toISOString(),
    torrentUrl: `${url}/torrents/${infoHash}.torrent`,
    v1TorrentUrl: version === "hybrid" ? `${url}/torrents/${infoHash}.v1.torrent` : null,
    magnet: formatMagnet({ infoHash, infoHashV2, name, trackers: announceUrls(presence) }),
  };
}
