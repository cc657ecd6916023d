import type { JetStreamAnswer, JetStreamApi } from "./jet-stream-api.ts";

/** Something durable, as the bus calls it. */
export type AskedStore = {
  readonly kind: "key-value" | "objects" | "queue";
  readonly name: string;
};

/** A copy of a store at one server of a cluster. */
export type StoreCopy = {
  readonly server: string;
  /** Whether it has all that the leader has. */
  readonly current: boolean;
  readonly offline: boolean;
};

export type InspectedStore = AskedStore & {
  readonly stream: string;
  readonly state: "there" | "absent" | "refused" | "silent" | "failed";
  /** What JetStream says where it failed. */
  readonly reason: string | null;
  /** On how many servers it is to be kept. */
  readonly replicas: number;
  /** False while a cluster elects one, and nothing is read or written. */
  readonly hasLeader: boolean;
  /** Beside the leader's. */
  readonly copies: readonly StoreCopy[];
};

/** JetStream's own code. */
const STREAM_NOT_FOUND = 10_059;

const PREFIXES = { "key-value": "KV_", objects: "OBJ_", queue: "QUEUE_" } as const;

/** Whether a store is there, and at how many servers it lies as it should. */
export async function inspectStore(api: JetStreamApi, store: AskedStore): Promise<InspectedStore> {
  const stream = PREFIXES[store.kind] + store.name;
  return describeStore({ ...store, stream }, await api.ask(`STREAM.INFO.${stream}`));
}

type StreamInfo = {
  readonly config?: { readonly num_replicas?: number };
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly {
      readonly name?: string;
      readonly current?: boolean;
      readonly offline?: boolean;
    }[];
  };
};

function describeStore(
  store: AskedStore & { readonly stream: string },
  answer: JetStreamAnswer,
): InspectedStore {
  const unseen = { ...store, reason: null, replicas: 0, hasLeader: false, copies: [] };
  if (answer.kind === "error") {
    if (answer.code === STREAM_NOT_FOUND) return { ...unseen, state: "absent" };
    return { ...unseen, state: "failed", reason: answer.description };
  }
  if (answer.kind !== "answer") {
    return { ...unseen, state: answer.kind === "refused" ? "refused" : "silent" };
  }
  const { config, cluster } = answer.body as StreamInfo;
  const copies = (cluster?.replicas ?? []).map(({ name = "", current, offline }) => {
    return { server: name, current: current === true, offline: offline === true };
  });
  const replicas = config?.num_replicas ?? 1;
  // A server by itself names no leader where it is none of a cluster.
  const hasLeader = cluster === undefined || (cluster.leader ?? "") !== "";
  return { ...store, state: "there", reason: null, replicas, hasLeader, copies };
}
