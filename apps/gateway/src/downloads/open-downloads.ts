import type { Bus } from "@seedfleet/bus";
import type { PeerId } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import type { Catalog, Mirrors, MirrorWatch, PresenceWatch } from "@seedfleet/fleet";
import { type Clock, systemRng } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { DhtPeers, type DhtPeersPorts } from "../announcing/dht-peers.ts";
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
      writes: new PieceWrites({ bus, count: countWrites(meter) }, id),
      isOurs: ({ host, port }) =>
        [address, ...addresses()].some((each) => each.host === host && each.port === port),
      gateways: () => [...new Set([id, ...presence.available("gateway").map((each) => each.id)])],
    },
    { gateway: id },
    { mirrors, watch: mirrorWatch },
  );
  showDownloads(meter, downloads);
  return downloads;
}

function openDht(
  ports: DhtPeersPorts,
  { host, dht, dhtPort: port, dhtBootstrap: bootstrap }: OpenDownloadsConfig,
): DhtPeers | null {
  return dht === "on" ? new DhtPeers(ports, { host, port, bootstrap }) : null;
}
