import {
  type ConfigSchema,
  defineConfig,
  durationMs,
  integer,
  oneOf,
  port,
  ratio,
  text,
} from "@seedfleet/runtime";
import { HANDOUT_POLICY_NAMES } from "./handout/handout-policy.ts";
import type { HandoutConfig } from "./handout/open-handout.ts";
import { GATEWAYS_PER_REPLY_MAX } from "./handout/plan-handout.ts";

export type TrackerConfig = HandoutConfig & {
  readonly host: string;
  readonly port: number;
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
  readonly intervalMs: number;
  readonly minIntervalMs: number;
  readonly peersMax: number;
  readonly peersPerSwarmMax: number;
  readonly connectionsMax: number;
};

/** The tracker's own settings; those every service has come from `libs/service`. */
export const trackerConfig: ConfigSchema<TrackerConfig> = defineConfig({
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
    doc: "Peers remembered over all swarms, at some 350 bytes each; more are answered only.",
    default: 1_000_000,
    min: 1,
  }),
  peersPerSwarmMax: integer({
    env: "SEEDFLEET_TRACKER_PEERS_PER_SWARM_MAX",
    doc: "Peers remembered of one swarm, so that one cannot fill the tracker.",
    default: 100_000,
    min: 1,
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
});
