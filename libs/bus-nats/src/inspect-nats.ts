import { errors, type NatsConnection } from "@nats-io/transport-node";
import { type Clock, errorMessage } from "@seedfleet/runtime";
import { connectNats, type NatsBusConfig, withoutCredentials } from "./connect-nats-bus.ts";
import { DirectLane } from "./direct-lane.ts";
import { type AskedStore, type InspectedStore, inspectStore } from "./inspect-store.ts";
import { type JetStreamAnswer, JetStreamApi } from "./jet-stream-api.ts";

/** An account of JetStream's; what it may keep is null where there is no limit. */
export type InspectedJetStream =
  | { readonly kind: "on"; readonly storageBytes: number; readonly storageBytesMax: number | null }
  | { readonly kind: "off"; readonly reason: string }
  /** This user may not ask. */
  | { readonly kind: "refused" }
  | { readonly kind: "silent" };

/** What one connection to NATS finds out about it. */
export type NatsInspection = {
  /** The servers that were named, without credentials. */
  readonly servers: readonly string[];
  /** Of nats-server. */
  readonly version: string;
  /** A ping and its answer. */
  readonly roundTripMs: number;
  readonly encrypted: boolean;
  /** Servers of the cluster as far as it tells clients of them; 1 where it is none. */
  readonly serverCount: number;
  readonly jetStream: InspectedJetStream;
  readonly stores: readonly InspectedStore[];
  /** Its clock beyond ours; null where nothing tells it. Exact to half of the round trip. */
  readonly clockAheadMs: number | null;
  /** Subjects that this user was refused, of those that were tried. */
  readonly refused: readonly string[];
};

/**
 * Looks at NATS by a connection of its own, and makes nothing there that stays. Rejects with
 * `bus-unreachable` or `bus-unauthorized`. `listens` are subjects that the user should be allowed
 * to subscribe to.
 */
export async function inspectNats(
  clock: Clock,
  config: NatsBusConfig,
  {
    stores,
    listens,
  }: { readonly stores: readonly AskedStore[]; readonly listens: readonly string[] },
): Promise<NatsInspection> {
  const lane = new DirectLane();
  const nats = await connectNats(config, { lane, reconnect: false });
  const refused = new Set<string>();
  void followRefusals(nats, refused);
  try {
    for (const subject of listens) nats.subscribe(subject, { callback: () => {} });
    // Twice: the first finds the connection cold, and has what was refused come before its answer.
    await nats.flush();
    const sentAtMs = clock.nowMs();
    await nats.flush();
    const roundTripMs = clock.nowMs() - sentAtMs;
    const api = new JetStreamApi(nats, clock);
    const jetStream = judgeAccount(await api.ask("INFO"));
    const inspected =
      jetStream.kind === "on"
        ? await Promise.all(stores.map((store) => inspectStore(api, store)))
        : [];
    for (const { state, stream } of inspected) {
      // Its status may come after its answer.
      if (state === "refused") refused.add(`$JS.API.STREAM.INFO.${stream}`);
    }
    const there = inspected.find(({ state }) => state === "there");
    const clockAheadMs =
      api.clockAheadMs ?? (there === undefined ? null : await api.askTime(there.stream));
    return {
      servers: config.servers.map(withoutCredentials),
      ...{ version: nats.info?.version ?? "", roundTripMs, jetStream, clockAheadMs },
      encrypted: nats.info?.tls_required === true || nats.info?.tls_available === true,
      serverCount: new Set(nats.info?.connect_urls ?? []).size || 1,
      ...{ stores: inspected, refused: [...refused] },
    };
  } catch (error) {
    // It went away meanwhile.
    throw new Error(`Cannot inspect NATS: ${errorMessage(error)}`, { cause: error });
  } finally {
    await nats.close();
  }
}

async function followRefusals(nats: NatsConnection, refused: Set<string>): Promise<void> {
  for await (const status of nats.status()) {
    if (status.type !== "error") continue;
    const { error } = status;
    if (error instanceof errors.PermissionViolationError) refused.add(error.subject);
  }
}

function judgeAccount(answer: JetStreamAnswer): InspectedJetStream {
  if (answer.kind === "silent" || answer.kind === "refused") return { kind: answer.kind };
  if (answer.kind === "nobody") return { kind: "off", reason: "nobody answers for JetStream" };
  if (answer.kind === "error") return { kind: "off", reason: answer.description };
  const { storage, limits } = answer.body as {
    readonly storage?: number;
    readonly limits?: { readonly max_storage?: number };
  };
  const max = limits?.max_storage ?? -1;
  return { kind: "on", storageBytes: storage ?? 0, storageBytesMax: max < 0 ? null : max };
}
