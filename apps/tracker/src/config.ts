import {
  boolean,
  type ConfigSchema,
  defineConfig,
  durationMs,
  integer,
  list,
  oneOf,
  port,
  ratio,
  secret,
  text,
} from "@seedfleet/runtime";
import { REQUESTS_PER_ADDRESS_MAX } from "./addresses/address-rates.ts";
import { TRACKER_MODES, type TrackerMode } from "./announces/gate.ts";
import { HANDOUT_POLICY_NAMES } from "./handout/handout-policy.ts";
import type { HandoutConfig } from "./handout/open-handout.ts";
import { GATEWAYS_PER_REPLY_MAX } from "./handout/plan-handout.ts";

export type TrackerConfig = HandoutConfig & {
  readonly mode: TrackerMode;
  readonly host: string;
  readonly port: number;
  readonly udp: boolean;
  readonly udpPort: number | null;
  readonly udpSecret: string | null;
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
  readonly advertisedUdpPort: number | null;
  readonly workers: number;
  readonly intervalMs: number;
  readonly minIntervalMs: number;
  readonly peersMax: number;
  readonly peersPerSwarmMax: number;
  readonly swarmsMax: number;
  readonly peerIdsMax: number;
  readonly connectionsMax: number;
  /** 0 sets no limit. */
  readonly requestsPerAddressMax: number;
  readonly wholeScrape: boolean;
  readonly trackerId: string | null;
  readonly trustedNetworks: readonly string[];
  readonly forwardingProxies: readonly string[];
  readonly proxyProtocolProxies: readonly string[];
  readonly apiHost: string;
  readonly apiPort: number;
  readonly apiToken: string | null;
};

/** More threads than a machine has cores gain nothing. */
export const WORKERS_MAX = 64;

/** The tracker's own settings; those every service has come from `libs/service`. */
export const trackerConfig: ConfigSchema<TrackerConfig> = defineConfig({
  mode: oneOf(TRACKER_MODES, {
    env: "SEEDFLEET_TRACKER_MODE",
    doc: `Whom the tracker is for: catalog, the fleet's own torrents; open, any torrent; private,
any torrent of whoever announces with a passkey, which the tracker's API gives out.`,
    default: "catalog",
  }),
  host: text({
    env: "SEEDFLEET_TRACKER_HOST",
    doc: "The address to listen on for announces and scrapes.",
    default: "127.0.0.1",
  }),
  port: port({
    env: "SEEDFLEET_TRACKER_PORT",
    doc: "The port of the announce URL; 0 takes a free one.",
    default: 6969,
  }),
  udp: boolean({
    env: "SEEDFLEET_TRACKER_UDP",
    doc: "Whether announces over UDP are answered too.",
    default: true,
  }),
  udpPort: port({
    env: "SEEDFLEET_TRACKER_UDP_PORT",
    doc: "The port for UDP; without it the one that HTTP has. 0 takes a free one.",
    default: null,
  }),
  udpSecret: secret({
    env: "SEEDFLEET_TRACKER_UDP_SECRET",
    doc: `What several trackers behind one address must share, since a client may connect to one of
them and announce to another. Without it each makes up its own.`,
  }),
  advertisedHost: text({
    env: "SEEDFLEET_TRACKER_ADVERTISED_HOST",
    doc: `The host of the announce URL, where it is not the address listened on. Must be set when
that is every address (0.0.0.0 or ::).`,
    default: null,
  }),
  advertisedPort: port({
    env: "SEEDFLEET_TRACKER_ADVERTISED_PORT",
    doc: "The port of the announce URL, where it is not the one listened on.",
    default: null,
  }),
  advertisedUdpPort: port({
    env: "SEEDFLEET_TRACKER_ADVERTISED_UDP_PORT",
    doc: "The same for UDP.",
    default: null,
  }),
  workers: integer({
    env: "SEEDFLEET_TRACKER_WORKERS",
    doc: `Threads that share the ports, each with a part of the swarms. One answers some hundred
thousand announces a second.`,
    default: 1,
    min: 1,
    max: WORKERS_MAX,
  }),
  intervalMs: durationMs({
    env: "SEEDFLEET_TRACKER_INTERVAL",
    doc: `How long clients wait between announces. A peer silent for one and a half of it is gone;
one that was told of nobody is asked back after a minute.`,
    default: 1_800_000,
    min: 60_000,
    max: 86_400_000,
  }),
  minIntervalMs: durationMs({
    env: "SEEDFLEET_TRACKER_MIN_INTERVAL",
    doc: "How long a client waits at least, even if it wants more peers. aria2 waits no longer.",
    default: 900_000,
    min: 10_000,
    max: 86_400_000,
  }),
  peersMax: integer({
    env: "SEEDFLEET_TRACKER_PEERS_MAX",
    doc: "Peers remembered over all swarms, at some 20 bytes each; more are answered only.",
    default: 10_000_000,
    min: 1,
  }),
  peersPerSwarmMax: integer({
    env: "SEEDFLEET_TRACKER_PEERS_PER_SWARM_MAX",
    doc: "Peers remembered of one swarm, so that one cannot fill the tracker.",
    default: 1_000_000,
    min: 1,
  }),
  swarmsMax: integer({
    env: "SEEDFLEET_TRACKER_SWARMS_MAX",
    doc: "Swarms remembered, at some 70 bytes each; more are answered only.",
    default: 2_000_000,
    min: 1,
  }),
  peerIdsMax: integer({
    env: "SEEDFLEET_TRACKER_PEER_IDS_MAX",
    doc: `Of about so many peers that announce by HTTP the peer ids are kept, at some 30 bytes each.
Only clients that ask for peers as dictionaries are told them; the others are told without.`,
    default: 100_000,
    min: 0,
  }),
  connectionsMax: integer({
    env: "SEEDFLEET_TRACKER_CONNECTIONS_MAX",
    doc: "Connections at once; more are closed at once. Each needs a file descriptor.",
    default: 8_192,
    min: 1,
  }),
  handoutPolicy: oneOf(HANDOUT_POLICY_NAMES, {
    env: "SEEDFLEET_TRACKER_HANDOUT_POLICY",
    doc: `Whom an announce is told of, behind gateways: random, peers from the whole swarm;
completeness, the same, with fewer gateways the more complete peers there are; nearest, gateways and
peers of the asker's zone first.`,
    default: "random",
  }),
  gatewayShare: ratio({
    env: "SEEDFLEET_TRACKER_GATEWAY_SHARE",
    doc: `The share of the peers asked for that gateways may take, rounded up; 0 hands out no
gateways.`,
    default: 0.5,
  }),
  gatewaysMax: integer({
    env: "SEEDFLEET_TRACKER_GATEWAYS_MAX",
    doc: "Gateways in one answer at most; with more, peers serve each other less.",
    default: 4,
    min: 0,
    max: GATEWAYS_PER_REPLY_MAX,
  }),
  zonesFile: text({
    env: "SEEDFLEET_TRACKER_ZONES_FILE",
    doc: `The table that says which zone a peer is in, for the policy nearest: a line for each
network, as 192.0.2.0/24 eu-west, of which the longest that fits counts. Read at the start.`,
    default: null,
  }),
  requestsPerAddressMax: integer({
    env: "SEEDFLEET_TRACKER_REQUESTS_PER_ADDRESS_MAX",
    doc: `Requests of one address in ten seconds, an IPv6 /64 being one; more are refused over HTTP
and ignored over UDP. 0 sets no limit, and this machine itself has none.`,
    default: REQUESTS_PER_ADDRESS_MAX,
    min: 0,
  }),
  wholeScrape: boolean({
    env: "SEEDFLEET_TRACKER_WHOLE_SCRAPE",
    doc: "Whether an open tracker answers a scrape of everything it has.",
    default: false,
  }),
  trackerId: text({
    env: "SEEDFLEET_TRACKER_ID",
    doc: "A `tracker id` in answers over HTTP, which clients send back (BEP 3).",
    default: null,
  }),
  trustedNetworks: list({
    env: "SEEDFLEET_TRACKER_TRUSTED_NETWORKS",
    separator: ",",
    doc: `Networks whose clients may say where they are (ip=), such as 10.0.0.0/8,fd00::/8.
Everybody else is where the request comes from.`,
    default: [],
  }),
  forwardingProxies: list({
    env: "SEEDFLEET_TRACKER_FORWARDING_PROXIES",
    separator: ",",
    doc: "Networks of reverse proxies whose X-Forwarded-For is believed.",
    default: [],
  }),
  proxyProtocolProxies: list({
    env: "SEEDFLEET_TRACKER_PROXY_PROTOCOL_PROXIES",
    separator: ",",
    doc: `Networks of load balancers whose connections begin with a header of the PROXY protocol,
version 2; from there it is required, from elsewhere it is none.`,
    default: [],
  }),
  apiHost: text({
    env: "SEEDFLEET_TRACKER_API_HOST",
    doc: "The address of the API that makes and revokes the users of a private tracker.",
    default: "127.0.0.1",
  }),
  apiPort: port({
    env: "SEEDFLEET_TRACKER_API_PORT",
    doc: "The port of that API; 0 takes a free one.",
    default: 6970,
  }),
  apiToken: secret({
    env: "SEEDFLEET_TRACKER_API_TOKEN",
    doc: "The token of that API (Authorization: Bearer). A private tracker needs one.",
  }),
});
