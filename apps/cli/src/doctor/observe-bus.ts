import { resolve } from "node:path";
import { type AskedStore, inspectNats, type NatsInspection } from "@seedfleet/bus-nats";
import {
  CATALOG_BUCKET,
  type FleetCheckup,
  fleetCheckup,
  INGEST_QUEUE,
  METAINFO_BUCKET,
} from "@seedfleet/contracts";
import { anyTorrent, checkFleet } from "@seedfleet/fleet";
import { type Clock, loadConfig, SeedfleetError } from "@seedfleet/runtime";
import { connectBus, type NatsOptions, natsBusConfig, natsConfig } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { KEY_VALUES_BACKED_UP } from "../backup/backup-buckets.ts";
import { type RunningUp, readRunning } from "../running-file.ts";
import type { DoctorOptions } from "./doctor-options.ts";
import { lookWithin } from "./look.ts";
import type { Looked, ObservedBus } from "./observed.ts";

/** A connection and some questions, each of which has a time of its own. */
const BUS_MS_MAX = 12_000;

/** Who is there shows within six seconds; a gateway that nobody answers takes the longest then. */
const FLEET_MS_MAX = 30_000;

/** What the fleet keeps for good, and the queue of jobs. */
const STORES: readonly AskedStore[] = [
  ...[CATALOG_BUCKET, ...KEY_VALUES_BACKED_UP].map((name) => {
    return { kind: "key-value", name } as const;
  }),
  { kind: "objects", name: METAINFO_BUCKET },
  { kind: "queue", name: INGEST_QUEUE },
];

/** What every process listens at. */
const LISTENS = ["seedfleet.v1.presence.*.*"];

export type SeenBus = {
  readonly bus: ObservedBus;
  readonly fleet: Looked<FleetCheckup> | null;
};

/** Looks at the bus that the options or the settings name, and over it at the fleet. */
export async function observeBus(
  clock: Clock,
  { bus, dataDir }: DoctorOptions,
  env: NodeJS.ProcessEnv,
): Promise<SeenBus> {
  const isLeftOpen = bus === null && env["SEEDFLEET_NATS_URL"] === undefined;
  const up = isLeftOpen || bus === "embedded" ? await readRunning(dataDir) : null;
  if (bus === "embedded" || up?.embedded === true) return await askUp(clock, dataDir, up);
  const nats = natsOptions(env);
  const named = bus === null ? {} : { servers: [bus.natsUrl] };
  return await observeNats(clock, { ...nats, ...named });
}

/** The settings of NATS alone, so that a fault in others is told and keeps from nothing. */
function natsOptions(env: NodeJS.ProcessEnv): NatsOptions {
  const own = natsConfig.fields.map((field) => [field.env, env[field.env]]);
  try {
    return loadConfig(natsConfig, Object.fromEntries(own));
  } catch (error) {
    if (!(error instanceof SeedfleetError)) throw error;
    return loadConfig(natsConfig, {});
  }
}

async function askUp(clock: Clock, dataDir: string, up: RunningUp | null): Promise<SeenBus> {
  const at = { kind: "embedded", dataDir: resolve(dataDir) } as const;
  if (up === null) return { bus: { ...at, isRunning: false }, fleet: null };
  const fleet = await lookWithin(clock, FLEET_MS_MAX, async (signal) => {
    const response = await fetch(`${up.adminUrl}/checkup`, { signal });
    return fleetCheckup.parse(await response.json());
  });
  // A file that was left behind: it was killed, or the machine was.
  const isRunning = fleet.kind !== "failed";
  return { bus: { ...at, isRunning }, fleet: isRunning ? fleet : null };
}

async function observeNats(clock: Clock, options: NatsOptions): Promise<SeenBus> {
  const config = natsBusConfig(options, "seedfleet-doctor");
  const looked = await lookWithin(clock, BUS_MS_MAX, () =>
    inspectNats(clock, config, { stores: STORES, listens: LISTENS }),
  );
  const { replicas = 1 } = options;
  const servers = options.servers.map(withoutCredentials);
  const bus: ObservedBus = { kind: "nats", servers, replicas, looked };
  if (looked.kind !== "seen") return { bus, fleet: null };
  const { seen } = looked;
  const fleet = await lookWithin(clock, FLEET_MS_MAX, () => askFleet(clock, options, seen));
  return { bus, fleet };
}

async function askFleet(
  clock: Clock,
  options: NatsOptions,
  { stores }: NatsInspection,
): Promise<FleetCheckup> {
  const ports = { clock, telemetry: silentTelemetry, name: "seedfleet-doctor" };
  const bus = await connectBus(options, ports);
  try {
    // Opening a bucket makes it where it is not there, and a look changes nothing.
    const hasCatalog = stores.some(
      ({ name, state }) => name === CATALOG_BUCKET && state === "there",
    );
    const [processes, infoHash] = await Promise.all([
      checkFleet({ bus, clock }),
      hasCatalog ? anyTorrent(bus) : null,
    ]);
    return { processes, infoHash };
  } finally {
    await bus.close();
  }
}

/** Of an address, which may have a password in it. */
export function withoutCredentials(address: string): string {
  return address.replace(/^(\w+:\/\/)?[^/]*@/, "$1");
}
