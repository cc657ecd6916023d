import type { Bus } from "@seedfleet/bus";
import type { Presence } from "@seedfleet/contracts";
import { announcePresence } from "@seedfleet/fleet";
import { type Clock, type Rng, VERSION } from "@seedfleet/runtime";
import { Swarms } from "@seedfleet/swarm";
import type { Telemetry } from "@seedfleet/telemetry";
import { announceUrl } from "./announce-url.ts";
import type { TrackerState } from "./answer-announce.ts";
import { httpHandler } from "./answer-http.ts";
import type { TrackerConfig } from "./config.ts";
import { openHandout } from "./handout/open-handout.ts";
import { watchGateways } from "./handout/watch-gateways.ts";
import { type HttpListener, listenHttp } from "./http-listener.ts";
import { introducer } from "./introduce-peer.ts";
import { startTrackerMetrics } from "./tracker-metrics.ts";
import { type TorrentWatch, watchTorrents } from "./watch-torrents.ts";

/** A peer that let this many intervals pass is gone; half a one is for clients that are late. */
const PEER_TIMEOUT_INTERVALS = 1.5;

/** Expiring costs only what expires, so it may be done often. */
const EXPIRY_INTERVAL_MS = 5_000;

/** How long a drain waits for connections: an answer takes no time, a dawdling client may. */
const DRAIN_MS_MAX = 2_000;

export type TrackerPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly rng: Rng;
};

/** A tracker that has its port and nothing else: it tells everyone to come back in a minute. */
export type TrackerListener = HttpListener;

export interface RunningTracker extends AsyncDisposable {
  readonly announceUrls: readonly string[];
  /** The one listened on. */
  readonly port: number;
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Takes no new connections, and says so to the fleet. */
  drain(): Promise<void>;
}

/** Takes the port. Throws what `cannotListen` makes. */
export function bindTracker(
  config: Pick<TrackerConfig, "host" | "port" | "connectionsMax">,
): Promise<TrackerListener> {
  return listenHttp(config, config);
}

/**
 * Starts a tracker: takes its port first (unless given one), so that a port in use is known before
 * anything else is done, then joins the fleet. A start that fails gives the port back.
 */
export async function startTracker(
  ports: TrackerPorts,
  config: TrackerConfig & { readonly id: string },
  bound?: TrackerListener,
): Promise<RunningTracker> {
  const { bus, clock, telemetry, rng } = ports;
  await using starting = new AsyncDisposableStack();
  const listener = starting.use(bound ?? (await bindTracker(config)));
  const announceUrls = [
    announceUrl({
      host: config.advertisedHost ?? config.host,
      port: config.advertisedPort ?? listener.port,
    }),
  ];
  const handout = await openHandout(config);
  const swarms = new Swarms({
    peerTimeoutMs: config.intervalMs * PEER_TIMEOUT_INTERVALS,
    peersPerSwarmMax: config.peersPerSwarmMax,
    peersMax: config.peersMax,
  });
  starting.defer(clock.every(EXPIRY_INTERVAL_MS, () => swarms.expire(clock.nowMs())));
  const gateways = watchGateways(ports, handout.zones, telemetry.log);
  starting.defer(() => gateways.stop());
  const onRemoved = swarms.drop.bind(swarms);
  const torrents = await watchTorrents(bus, { log: telemetry.log, onRemoved });
  starting.defer(() => torrents.stop());

  const metrics = startTrackerMetrics(telemetry.meter, { swarms, torrents, listener });
  const state: TrackerState = {
    swarms,
    torrents,
    board: gateways.board,
    handout,
    chance: rng,
    turn: 0,
  };
  const introduce = introducer(bus);
  const { tracer } = telemetry;
  listener.handle(httpHandler({ clock, tracer, metrics, state, introduce }, config));
  const presence = { id: config.id, startedAtMs: clock.nowMs(), urls: announceUrls };
  const load = (): number => listener.connectionCount / config.connectionsMax;
  const life = joinFleet(ports, { presence, load, listener });
  starting.defer(life.leave);
  telemetry.log.info("tracker listening", { host: config.host, port: listener.port });

  const running = starting.move();
  return {
    announceUrls,
    port: listener.port,
    ready: () => readiness(torrents, life.draining()),
    drain: life.drain,
    async [Symbol.asyncDispose]() {
      try {
        await life.drain();
      } finally {
        await running.disposeAsync();
      }
    },
  };
}

type Membership = {
  readonly presence: Pick<Presence, "id" | "startedAtMs" | "urls">;
  readonly load: () => number;
  readonly listener: HttpListener;
};

function joinFleet(
  { bus, clock }: TrackerPorts,
  { presence, load, listener }: Membership,
): { draining(): boolean; drain(): Promise<void>; leave(): void } {
  let draining: Promise<void> | null = null;
  const announcer = announcePresence({ bus, clock }, () => ({
    ...presence,
    role: "tracker",
    version: VERSION,
    draining: draining !== null,
    load: load(),
    peerAddress: null,
    gateway: null,
  }));
  const drain = async (): Promise<void> => {
    const late = Promise.withResolvers<void>();
    const cancel = clock.after(DRAIN_MS_MAX, late.resolve);
    await Promise.race([listener.drain(), late.promise]);
    cancel();
  };
  return {
    draining: () => draining !== null,
    drain() {
      if (draining === null) {
        draining = drain();
        announcer.announce();
      }
      return draining;
    },
    leave: () => announcer.stop(),
  };
}

function readiness(
  torrents: TorrentWatch,
  draining: boolean,
): { readonly ready: boolean; readonly reasons: readonly string[] } {
  const reasons = [
    ...(torrents.initialised ? [] : ["the catalog has not been read yet"]),
    ...(draining ? ["draining"] : []),
  ];
  return { ready: reasons.length === 0, reasons };
}
