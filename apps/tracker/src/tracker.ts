import type { Bus } from "@seedfleet/bus";
import { type Presence, trackerSizesCall } from "@seedfleet/contracts";
import { announcePresence, watchPresence } from "@seedfleet/fleet";
import {
  type Clock,
  type Rng,
  SeedfleetError,
  systemClock,
  systemRng,
  VERSION,
} from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { announceUrls } from "./announce-urls.ts";
import { type BoundApi, bindApi } from "./api/api-server.ts";
import type { TrackerConfig } from "./config.ts";
import { tellGateways } from "./handout/tell-gateways.ts";
import { noteAnnounce } from "./note-announce.ts";
import { NoteTurns } from "./note-turns.ts";
import { type HubConfig, ReplicaHub } from "./replicas/replica-hub.ts";
import { Replicas } from "./replicas/replicas.ts";
import { tellGate } from "./tell-gate.ts";
import { startTrackerMetrics } from "./tracker-metrics.ts";

/** How long a drain waits for connections: an answer takes no time, a dawdling client may. */
const DRAIN_MS_MAX = 2_000;

export type TrackerPorts = {
  readonly bus: Bus;
  /** Nobody else can be on this bus, so there is nobody to wait for. */
  readonly alone?: boolean;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly rng: Rng;
};

/** A tracker that has its ports and nothing else: it tells everyone to come back in a minute. */
export interface BoundTracker extends AsyncDisposable {
  readonly replicas: Replicas;
  /** Of a private tracker. */
  readonly api: BoundApi | null;
}

export interface RunningTracker extends AsyncDisposable {
  readonly announceUrls: readonly string[];
  /** Those listened on; UDP's is null where it is off. */
  readonly port: number;
  readonly udpPort: number | null;
  /** Of a private tracker's API. */
  readonly apiUrl: string | null;
  /** Resolves when what other trackers know is here, or there is none. */
  readonly caughtUp: Promise<void>;
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Takes no new connections, and says so to the fleet. */
  drain(): Promise<void>;
}

export type ApiTokenMissing = { readonly code: "api-token-missing" };

/**
 * Takes the ports. Throws what `cannotListen` makes, `api-token-missing` of a private tracker, and
 * what the settings may be wrong in.
 */
export async function bindTracker(
  config: TrackerConfig,
  ports: Pick<TrackerPorts, "clock" | "rng"> = { clock: systemClock, rng: systemRng },
): Promise<BoundTracker> {
  await using starting = new AsyncDisposableStack();
  const replicas = starting.use(await Replicas.listen(ports, config));
  const api = config.mode === "private" ? starting.use(await bindPrivateApi(config)) : null;
  const bound = starting.move();
  return { replicas, api, [Symbol.asyncDispose]: () => bound.disposeAsync() };
}

function bindPrivateApi({ apiHost: host, apiPort: port, apiToken: token }: TrackerConfig) {
  if (token !== null) return bindApi({ host, port, token });
  const detail: ApiTokenMissing = { code: "api-token-missing" };
  throw new SeedfleetError(
    "Cannot start a private tracker: its users are made over an API that needs a token " +
      "(SEEDFLEET_TRACKER_API_TOKEN)",
    detail,
  );
}

/**
 * Starts a tracker: takes its ports first (unless given them), so that a port in use is known
 * before anything else is done, then joins the fleet. A start that fails gives the ports back.
 */
export async function startTracker(
  ports: TrackerPorts,
  config: TrackerConfig & { readonly id: string },
  bound?: BoundTracker,
): Promise<RunningTracker> {
  const { bus, clock, telemetry } = ports;
  await using starting = new AsyncDisposableStack();
  const { replicas, api } = starting.use(bound ?? (await bindTracker(config, ports)));
  const { port, udpPort } = replicas;
  const urls = announceUrls({
    host: config.advertisedHost ?? config.host,
    port: config.advertisedPort ?? port,
    udpPort: udpPort === null ? null : (config.advertisedUdpPort ?? udpPort),
  });
  const startedAtMs = clock.nowMs();
  const { id } = config;
  const hub = joinTrackers(ports, { replicas, id, startedAtMs }, starting);
  const gate = starting.use(await tellGate(ports, { replicas, api, urls, mode: config.mode }));
  const gateways = tellGateways({ ...ports, log: telemetry.log }, (told) =>
    replicas.tell({ kind: "gateways", gateways: told }),
  );
  starting.defer(() => gateways.stop());
  startTrackerMetrics(telemetry.meter, { replicas, hub });
  replicas.tell({ kind: "open" });
  const presence = { id, startedAtMs, urls };
  const load = (): number => replicas.counts.connections / config.connectionsMax;
  const life = joinFleet(ports, { presence, load, replicas });
  starting.defer(life.leave);
  const sized = bus.serve(trackerSizesCall, { queue: "trackers" }, async ({ infoHashes }) => ({
    sizes: await replicas.sizes(infoHashes),
  }));
  starting.defer(() => sized.unsubscribe());
  // Whoever comes meanwhile is answered by what is known already.
  const caughtUp = hub.catchUp();
  telemetry.log.info("tracker listening", { host: config.host, port, udpPort, mode: config.mode });

  const running = starting.move();
  return {
    ...{ announceUrls: urls, port, udpPort, apiUrl: api?.url ?? null, caughtUp },
    ready: () => readiness([...gate.missing(), ...hubMissing(hub)], life.draining()),
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

/** Keeps the replicas here and the fleet's other trackers alike. */
function joinTrackers(
  { bus, clock, telemetry, alone = false }: TrackerPorts,
  { replicas, ...own }: Pick<HubConfig, "id" | "startedAtMs"> & { readonly replicas: Replicas },
  starting: AsyncDisposableStack,
): ReplicaHub {
  const { log, tracer } = telemetry;
  const presence = watchPresence({ bus, clock }, ["tracker"]);
  starting.defer(() => presence.stop());
  const ports = { bus, clock, log, presence, stores: replicas };
  const hub = new ReplicaHub(ports, { ...own, alone });
  starting.defer(() => hub.stop());
  replicas.onDeltas = (batch) => hub.publish(batch);
  const notes = new NoteTurns((announce) => noteAnnounce({ bus, tracer }, announce));
  starting.defer(() => notes.stop());
  replicas.onNoted = (announces) => notes.add(announces);
  replicas.onUnreadable = (what) => log.error(`${what} of another tracker unreadable`);
  return hub;
}

function hubMissing(hub: ReplicaHub): readonly string[] {
  return hub.caughtUp ? [] : ["the other trackers' peers are not here yet"];
}

type Membership = {
  readonly presence: Pick<Presence, "id" | "startedAtMs" | "urls">;
  readonly load: () => number;
  readonly replicas: Replicas;
};

function joinFleet(
  { bus, clock }: TrackerPorts,
  { presence, load, replicas }: Membership,
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
    await Promise.race([replicas.drain(), late.promise]);
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
  missing: readonly string[],
  draining: boolean,
): { readonly ready: boolean; readonly reasons: readonly string[] } {
  const reasons = [...missing, ...(draining ? ["draining"] : [])];
  return { ready: reasons.length === 0, reasons };
}
