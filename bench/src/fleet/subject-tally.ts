import { connect } from "@nats-io/transport-node";
import type { FleetNats } from "./fleet-nats.ts";

/** What a message on the bus is for. */
export type BusUse = "presence" | "choke rounds" | "catalog" | "pieces" | "replies" | "other";

/** In the order in which they are looked for. */
const USES: readonly { readonly use: BusUse; readonly pattern: RegExp }[] = [
  { use: "presence", pattern: /^seedfleet\.v1\.presence/ },
  { use: "choke rounds", pattern: /^seedfleet\.v1\.choking\./ },
  { use: "pieces", pattern: /^seedfleet\.v1\.pieces\./ },
  // Key-value and objects are streams; both are asked for by JetStream's own subjects.
  { use: "catalog", pattern: /seedfleet-(?:catalog|aliases|metainfo)\b/ },
  { use: "replies", pattern: /^_INBOX\./ },
];

export function useOf(subject: string): BusUse {
  return USES.find(({ pattern }) => pattern.test(subject))?.use ?? "other";
}

/**
 * Counts the messages on the bus by what they are for, until it is stopped. Each counts once, when
 * it is published; what is delivered to the count itself is on a connection that no service has.
 */
export async function tallySubjects(
  { url }: FleetNats,
  running: AsyncDisposableStack,
): Promise<() => Promise<ReadonlyMap<BusUse, number>>> {
  const counts = new Map<BusUse, number>();
  const connection = await connect({ servers: url, name: "bench-tally" });
  running.defer(() => connection.close());
  connection.subscribe(">", {
    callback: (_error, { subject }) => {
      const use = useOf(subject);
      counts.set(use, (counts.get(use) ?? 0) + 1);
    },
  });
  await connection.flush();
  return async () => {
    await connection.drain();
    return counts;
  };
}
