import { JetStreamApiError } from "@nats-io/jetstream";
import { TimeoutError } from "@nats-io/transport-node";
import { delay } from "@seedfleet/runtime";
import { type Connection, inStore } from "./connection.ts";

/** Servers that lost the one that led have another in some seconds; then they answer again. */
export const OPEN_MS_MAX = 20_000;

const AGAIN_MS = 250;

/** What JetStream says, where it says anything, while it has nobody who leads. */
const UNAVAILABLE = 503;

/**
 * Opens a bucket or a queue, which may be done over and over, and does not fail because a server
 * was just lost. Throws as `inStore`, what cannot change by itself at once.
 */
export async function openInStore<Result>(
  connection: Connection,
  bucket: string,
  open: () => Promise<Result>,
): Promise<Result> {
  const { clock } = connection;
  const giveUpMs = clock.nowMs() + OPEN_MS_MAX;
  const untilAnswered = async (): Promise<Result> => {
    while (true) {
      try {
        return await open();
      } catch (error) {
        if (!isUnanswered(error) || clock.nowMs() >= giveUpMs) throw error;
        await delay(clock, AGAIN_MS);
      }
    }
  };
  return await inStore(connection, { bucket, action: "open" }, untilAnswered);
}

function isUnanswered(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === UNAVAILABLE;
  return error instanceof TimeoutError;
}
