import { BEP3_UNCHOKE_SLOTS } from "@seedfleet/choker";
import { type ChokingPolicy, chokingPolicy, zoneName } from "@seedfleet/contracts";
import { PROMISED_SHARE_MAX, UPLOAD_CLASSES_MAX } from "@seedfleet/egress";
import {
  bytes,
  type ConfigSchema,
  defineConfig,
  durationMs,
  type Field,
  integer,
  list,
  oneOf,
  port,
  text,
} from "@seedfleet/runtime";
import type { PrivateAddresses } from "./outbound/outbound-rule.ts";
import type { EncryptionPolicy } from "./peers/open-stream.ts";
import type { UploadSettings } from "./upload/upload-limits.ts";

const ENCRYPTION_POLICIES: readonly EncryptionPolicy[] = ["allowed", "required", "off"];

export type GatewayConfig = UploadSettings & {
  readonly host: string;
  readonly peerPort: number;
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
  /** A path; null is no table. */
  readonly advertisedFile: string | null;
  readonly cacheBytes: number;
  readonly peersMax: number;
  readonly peersPerAddressMax: number;
  readonly offencesMax: number;
  readonly unchokeSlots: number | "auto";
  readonly chokingPolicy: ChokingPolicy;
  readonly encryption: EncryptionPolicy;
  readonly workers: number;
  readonly downloadBytes: number;
  readonly nearRoundTripMs: number;
  readonly zone: string | null;
  readonly privateAddresses: PrivateAddresses;
  readonly dht: "off" | "on";
  readonly dhtPort: number;
  readonly dhtBootstrap: readonly string[];
};

/** A block a second: with less nobody gets anything done. */
const UPLOAD_BYTES_PER_SECOND_MIN = 16 * 1024;

/** Farther away there are queues to keep short. */
const NEAR_ROUND_TRIP_MS_MAX = 10;

/** More threads than a machine has cores only get in each other's way. */
export const WORKERS_MAX = 64;

/** Slots of one swarm: a number of at least 1, or `auto`. */
export const unchokeSlotsField: Field<number | "auto"> = {
  env: "SEEDFLEET_GATEWAY_UNCHOKE_SLOTS",
  doc: `Peers of one torrent that may download at once; auto starts at BEP 3's ${BEP3_UNCHOKE_SLOTS}
and adds slots while every one of them is used well.`,
  default: "auto",
  allowed: "auto or an integer from 1 to 100000",
  secret: false,
  parse(value) {
    if (value === "auto") return value;
    const slots = /^\d{1,6}$/.test(value) ? Number(value) : 0;
    return slots >= 1 && slots <= 100_000 ? slots : null;
  },
  format: String,
};

/** Whom slots go to, of torrents whose catalog entries do not say. */
export const chokingPolicyField: Field<ChokingPolicy> = {
  env: "SEEDFLEET_GATEWAY_CHOKING_POLICY",
  doc: `Whom a torrent's slots go to unless seedfleet choking says otherwise: round_robin gives
everybody the same turns, fastest_upload those who take fastest, anti_leech those who have little or
nearly all, legout turns that resist who is fast and clever.`,
  default: "round_robin",
  allowed: "round_robin, fastest_upload, anti_leech or legout",
  secret: false,
  parse: (value) => chokingPolicy.safeParse(value).data ?? null,
  format: String,
};

/** Whether peers may encrypt: `allowed`, `required` or `off`. */
export const encryptionField: Field<EncryptionPolicy> = {
  env: "SEEDFLEET_GATEWAY_ENCRYPTION",
  doc: `Whether peers may encrypt their connections (MSE/PE): allowed takes both kinds, required
closes those that do not, off those that do.`,
  default: "allowed",
  allowed: "allowed, required or off",
  secret: false,
  parse(value) {
    return ENCRYPTION_POLICIES.find((policy) => policy === value) ?? null;
  },
  format: String,
};

/** Where the gateway is, as trackers' tables of zones call it; null says nothing. */
export const zoneField: Field<string | null> = {
  ...text({
    env: "SEEDFLEET_GATEWAY_ZONE",
    doc: `The zone this gateway is in, as the trackers' table of zones calls it: a data centre, a
country. Peers of that zone are sent here first, and torrents may be kept to zones.`,
    default: null,
  }),
  allowed: "a name of 1 to 32 of a-z, 0-9, - and _",
  parse: (value) => (zoneName.safeParse(value).success ? value : null),
};

/** Shares of the gateway's limit, by the class of torrents that they are promised to. */
export const uploadPromisesField: Field<Readonly<Record<string, number>>> = {
  env: "SEEDFLEET_GATEWAY_UPLOAD_PROMISES",
  doc: `Shares of the gateway's upload limit that classes of torrents get at least while they have
demand, as rare=0.05,archive=0.1; a torrent's class is set with seedfleet limit.`,
  default: {},
  allowed: `up to ${UPLOAD_CLASSES_MAX} CLASS=SHARE, which add up to ${PROMISED_SHARE_MAX} at most`,
  secret: false,
  parse: parsePromises,
  format: (promises) =>
    Object.entries(promises)
      .map(([name, share]) => `${name}=${share}`)
      .join(","),
};

function parsePromises(text: string): Readonly<Record<string, number>> | null {
  const promises: Record<string, number> = {};
  for (const item of text === "" ? [] : text.split(",")) {
    const [, name, share] = /^([-_a-z0-9]{1,32})=(0?\.\d{1,6})$/.exec(item) ?? [];
    if (name === undefined || name in promises) return null;
    promises[name] = Number(share);
  }
  const shares = Object.values(promises);
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.length <= UPLOAD_CLASSES_MAX && sum <= PROMISED_SHARE_MAX ? promises : null;
}

/** Nodes of the DHT that a new one asks first. */
export const dhtBootstrapField: Field<readonly string[]> = {
  ...list({
    env: "SEEDFLEET_GATEWAY_DHT_BOOTSTRAP",
    doc: "Nodes by which the DHT node gets to know others.",
    default: [
      "router.bittorrent.com:6881",
      "dht.transmissionbt.com:6881",
      "dht.libtorrent.org:25401",
    ],
    separator: ",",
  }),
  allowed: "HOST:PORT,… of IPv4",
  parse: (value) => {
    const nodes = value.split(",").filter((node) => node !== "");
    return nodes.every((node) => /^[-.\w]+:\d{1,5}$/.test(node)) ? Object.freeze(nodes) : null;
  },
};

/** The gateway's own settings; those every service has come from `libs/service`. */
export const gatewayConfig: ConfigSchema<GatewayConfig> = defineConfig({
  host: text({
    env: "SEEDFLEET_GATEWAY_HOST",
    doc: "The address to listen on for peers.",
    default: "127.0.0.1",
  }),
  peerPort: port({
    env: "SEEDFLEET_GATEWAY_PEER_PORT",
    doc: "The port peers connect to; 0 takes a free one.",
    default: 6881,
  }),
  advertisedHost: text({
    env: "SEEDFLEET_GATEWAY_ADVERTISED_HOST",
    doc: "The IP address the tracker hands out, where it is not the one listened on.",
    default: null,
  }),
  advertisedPort: port({
    env: "SEEDFLEET_GATEWAY_ADVERTISED_PORT",
    doc: "The port the tracker hands out, where it is not the one listened on.",
    default: null,
  }),
  advertisedFile: text({
    env: "SEEDFLEET_GATEWAY_ADVERTISED_FILE",
    doc: `A table of what the tracker hands out for each gateway, which goes before the two: a line
each, as gateway-0 192.0.2.1 30681, by SEEDFLEET_ID; - is as set here, * any other gateway. Read
at the start.`,
    default: null,
  }),
  cacheBytes: bytes({
    env: "SEEDFLEET_GATEWAY_CACHE_BYTES",
    doc: "Memory for verified pieces.",
    default: 256 * 1024 * 1024,
    min: 1024 * 1024,
  }),
  peersMax: integer({
    env: "SEEDFLEET_GATEWAY_PEERS_MAX",
    doc: "Connections of peers at once; more are closed at once.",
    default: 4_096,
    min: 1,
  }),
  peersPerAddressMax: integer({
    env: "SEEDFLEET_GATEWAY_PEERS_PER_ADDRESS_MAX",
    doc: "Connections from one address, or /64 of IPv6, at once; a home or a lab may share one.",
    default: 256,
    min: 1,
  }),
  offencesMax: integer({
    env: "SEEDFLEET_GATEWAY_OFFENCES_MAX",
    doc: `Connections from one address, or /64 of IPv6, that may break the protocol in short order;
after one more it is refused for 30 s, and longer each time up to 4 min. 0 refuses nobody: where a
proxy or NAT before the gateway has all peers come from one address.`,
    default: 10,
    min: 0,
  }),
  unchokeSlots: unchokeSlotsField,
  chokingPolicy: chokingPolicyField,
  encryption: encryptionField,
  uploadBytesPerSecond: bytes({
    env: "SEEDFLEET_GATEWAY_UPLOAD_BYTES_PER_SECOND",
    doc: "What all peers together are sent at most; empty is no limit.",
    default: null,
    min: UPLOAD_BYTES_PER_SECOND_MIN,
  }),
  torrentUploadBytesPerSecond: bytes({
    env: "SEEDFLEET_GATEWAY_TORRENT_UPLOAD_BYTES_PER_SECOND",
    doc: "What the peers of one torrent are sent at most, where the catalog does not say.",
    default: null,
    min: UPLOAD_BYTES_PER_SECOND_MIN,
  }),
  peerUploadBytesPerSecond: bytes({
    env: "SEEDFLEET_GATEWAY_PEER_UPLOAD_BYTES_PER_SECOND",
    doc: "What one peer is sent at most; empty is no limit.",
    default: null,
    min: UPLOAD_BYTES_PER_SECOND_MIN,
  }),
  uploadPromises: uploadPromisesField,
  workers: integer({
    env: "SEEDFLEET_GATEWAY_WORKERS",
    doc: `Threads that peers are spread over; they share the port and the cache. With 1, which is
best up to some gigabits per second, peers are served by the main thread.`,
    default: 1,
    min: 1,
    max: WORKERS_MAX,
  }),
  downloadBytes: bytes({
    env: "SEEDFLEET_GATEWAY_DOWNLOAD_BYTES",
    doc: `Memory for the pieces of all downloads that are not whole yet, or not stored; each
download may have one piece in any case.`,
    default: 128 * 1024 * 1024,
    min: 1024 * 1024,
  }),
  nearRoundTripMs: durationMs({
    env: "SEEDFLEET_GATEWAY_NEAR_ROUND_TRIP",
    doc: `Peers that connect from as near as this are sent to without the pacing of BBR, which costs
a quarter of the CPU time there, where that is the system's congestion control; 0ms has all peers
sent to as the system says.`,
    default: 1,
    min: 0,
    max: NEAR_ROUND_TRIP_MS_MAX,
  }),
  zone: zoneField,
  privateAddresses: oneOf(["auto", "allowed", "refused"], {
    env: "SEEDFLEET_GATEWAY_PRIVATE_ADDRESSES",
    doc: `Whether downloads go to trackers, peers and web seeds at private addresses and at this
machine's own: auto does if the address that peers are told is one itself, else those who make
magnets could have the gateway ask machines behind its firewall. Addresses of the link never.`,
    default: "auto",
  }),
  dht: oneOf(["off", "on"], {
    env: "SEEDFLEET_GATEWAY_DHT",
    doc: `Whether peers of what is downloaded may be sought in the DHT too, where a mirror asks for
it and its torrent is not private. The node runs from the first such mirror on; IPv4 only.`,
    default: "off",
  }),
  dhtPort: port({
    env: "SEEDFLEET_GATEWAY_DHT_PORT",
    doc: "The UDP port of the DHT node; 0 takes a free one.",
    default: 0,
  }),
  dhtBootstrap: dhtBootstrapField,
});
