import type { NatsConnection } from "@nats-io/transport-node";
import { type BusStatus, closed, disconnected, storeFailed } from "@seedfleet/bus";
import type { Clock } from "@seedfleet/runtime";

/** What the stores of one bus share: the connection, and how it is. */
export type Connection = {
  readonly nats: NatsConnection;
  readonly clock: Clock;
  /** What every inbox of this connection begins with. */
  readonly inboxPrefix: string;
  readonly status: BusStatus;
  /** On how many servers JetStream keeps what is made here. */
  readonly replicas: number;
  /** Told each time the server is back. */
  readonly reconnected: Set<() => void>;
  /** Told before it is closed, which waits for them, and when it has ended by itself. */
  readonly leaving: Set<() => Promise<void>>;
};

/** Runs one request to JetStream, and makes of its failures those of the bus. */
export async function inStore<Result>(
  connection: Connection,
  { bucket, action }: { readonly bucket: string; readonly action: string },
  work: () => Promise<Result>,
): Promise<Result> {
  if (connection.status === "closed") throw closed();
  // The client would keep the request until the server is back, and its timeout has passed.
  if (connection.status === "disconnected") throw disconnected(bucket);
  try {
    return await work();
  } catch (error) {
    throw storeFailed(bucket, action, error);
  }
}
