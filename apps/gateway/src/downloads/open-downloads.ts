import type { Bus } from "@seedfleet/bus";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import type {
  AnnouncedSeeds,
  AnnouncedSeedWatch,
  Catalog,
  Mirrors,
  MirrorWatch,
  PresenceWatch,
} from "@seedfleet/fleet";
import { type Clock, systemRng } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { ServedCounts } from "../announcing/announced-seed-run.ts";
import { DhtPeers, type DhtPeersPorts } from "../announcing/dht-peers.ts";
import { SeedAnnounces, type SeedAnnouncesPorts } from "../announcing/seed-announces.ts";
import { TrackerClients } from "../announcing/tracker-clients.ts";
import { OutboundRule, type PrivateAddresses } from "../outbound/outbound-rule.ts";
import type { PeerSide } from "../peer-side.ts";
import type { EncryptionPolicy } from "../peers/open-stream.ts";
import type { Swarms } from "../swarms/swarms.ts";
import type { Torrents } from "../torrents/torrents.ts";
import { DownloadMemory } from "./download-memory.ts";
import { countWrites, showDownloads } from "./download-metrics.ts";
import { Downloads } from "./downloads.ts";
import { fetchSources } from "./fetch-sources.ts";
import { missingBytes } from "./missing-bytes.ts";
import { PieceWrites } from "./piece-writes.ts";

export type OpenDownloadsPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly catalog: Catalog;
  readonly torrents: Torrents;
  readonly swarms: Swarms;
  readonly peers: PeerSide;
  readonly presence: PresenceWatch;
  readonly mirrors: Mirrors;
  readonly mirrorWatch: MirrorWatch;
  readonly announced: AnnouncedSeeds;
  readonly announcedWatch: AnnouncedSeedWatch;
};

export type OpenDownloadsConfig = {
  readonly id: string;
  readonly ownPeerId: PeerId;
  readonly encryption: EncryptionPolicy;
  readonly privateAddresses: PrivateAddresses;
  readonly downloadBytes: number;
  readonly host: string;
  readonly dht: "off" | "on";
  readonly dhtPort: number;
  readonly dhtBootstrap: readonly string[];
  /** Where this gateway is reached. */
  readonly address: HostPort;
};

/** The downloading side of one gateway, and what ends with it. */
export function openDownloads(ports: OpenDownloadsPorts, config: OpenDownloadsConfig): Downloads {
  const { bus, clock, presence, telemetry, mirrors, mirrorWatch } = ports;
  const { id, address, downloadBytes, privateAddresses } = config;
  const rule = new OutboundRule(privateAddresses, address.host);
  const chance = systemRng;
  const { log, meter } = telemetry;
  const clients = new TrackerClients({ clock, meter, chance, rule });
  const dht = openDht({ clock, log, meter, chance, rule }, config);
  const gateways = (): readonly string[] => [
    ...new Set([id, ...presence.available("gateway").map((each) => each.id)]),
  ];
  const asking = { clock, log, chance, clients, dht };
  const addresses = (): readonly HostPort[] => {
    return presence.available("gateway").flatMap(({ peerAddress }) => peerAddress ?? []);
  };
  const downloads = new Downloads(
    {
      ...{ ...ports, log, chance, memory: new DownloadMemory(downloadBytes) },
      ...{ outside: dht === null ? [clients] : [clients, dht] },
      openSources: fetchSources(
        { ...ports, chance, clients, dht, rule },
        { ...config, port: address.port },
      ),
      names: { ...ports, log },
      writes: new PieceWrites({ bus, count: countWrites(meter) }, id),
      isOurs: ({ host, port }) =>
        [address, ...addresses()].some((each) => each.host === host && each.port === port),
      gateways,
      seeds: openSeeds({ ...ports, ...asking, gateways }, config),
    },
    { gateway: id },
    { mirrors, watch: mirrorWatch },
  );
  showDownloads(meter, downloads);
  return downloads;
}

function openSeeds(
  ports: OpenDownloadsPorts &
    Omit<SeedAnnouncesPorts, "seeds" | "watch" | "servedCounts" | "isConnected">,
  { id, ownPeerId, address }: OpenDownloadsConfig,
): SeedAnnounces {
  const { announced: seeds, announcedWatch: watch, peers, torrents } = ports;
  const servedCounts = (infoHash: InfoHash): ServedCounts | null => {
    const torrent = torrents.current(infoHash);
    if (torrent === null) return null;
    return { sentBytes: peers.sentBytesOf(torrent), missingBytes: missingBytes(torrent) };
  };
  return new SeedAnnounces(
    { ...ports, seeds, watch, servedCounts, isConnected: () => ports.bus.status === "connected" },
    { gateway: id, ownPeerId, port: address.port },
  );
}

function openDht(
  ports: DhtPeersPorts,
  { host, dht, dhtPort: port, dhtBootstrap: bootstrap }: OpenDownloadsConfig,
): DhtPeers | null {
  return dht === "on" ? new DhtPeers(ports, { host, port, bootstrap }) : null;
}
