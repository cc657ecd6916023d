import type { Bus } from "@seedfleet/bus";
import type { HostPort } from "@seedfleet/contracts";
import type { Catalog, Mirrors, MirrorWatch, PresenceWatch } from "@seedfleet/fleet";
import { type Clock, systemRng } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { PeerSide } from "../peer-side.ts";
import type { Swarms } from "../swarms/swarms.ts";
import type { Torrents } from "../torrents/torrents.ts";
import { Downloads } from "./downloads.ts";
import { fetchSources } from "./fetch-sources.ts";
import { PieceWrites } from "./piece-writes.ts";
import type { ReadHave } from "./read-have.ts";

export type OpenDownloadsPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly catalog: Catalog;
  readonly torrents: Torrents;
  readonly swarms: Swarms;
  readonly peers: PeerSide;
  readonly presence: PresenceWatch;
  readonly readHave: ReadHave;
  readonly mirrors: Mirrors;
  readonly mirrorWatch: MirrorWatch;
};

export type OpenDownloadsConfig = {
  readonly id: string;
  readonly downloadBytes: number;
  /** Where this gateway is reached. */
  readonly address: HostPort;
};

/** The downloading side of one gateway, and what ends with it. */
export function openDownloads(
  ports: OpenDownloadsPorts,
  { id, downloadBytes, address }: OpenDownloadsConfig,
): Downloads {
  const { bus, presence, telemetry, mirrors, mirrorWatch } = ports;
  const addresses = (): readonly HostPort[] => {
    return presence.available("gateway").flatMap(({ peerAddress }) => peerAddress ?? []);
  };
  return new Downloads(
    {
      ...{ ...ports, log: telemetry.log, chance: systemRng, openSources: fetchSources(ports) },
      writes: new PieceWrites(bus, id),
      isOurs: ({ host, port }) =>
        [address, ...addresses()].some((each) => each.host === host && each.port === port),
      gateways: () => [...new Set([id, ...presence.available("gateway").map((each) => each.id)])],
    },
    { gateway: id, memoryBytesMax: downloadBytes },
    { mirrors, watch: mirrorWatch },
  );
}
