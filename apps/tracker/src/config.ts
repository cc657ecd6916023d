import {
  type ConfigSchema,
  defineConfig,
  durationMs,
  integer,
  port,
  text,
} from "@seedfleet/runtime";

export type TrackerConfig = {
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
});
