import { createInbox, type Msg, nanos } from "@nats-io/transport-node";
import type { Connection } from "./connection.ts";

/** The server answers that there was nothing after this time, and is asked again. */
const PULL_EXPIRY_MS = 30_000;

/** An answer that is so much later will not come: who led the consumer has gone. */
const PULL_GRACE_MS = 5_000;

/** The server's word that the time is over. */
const REQUEST_TIMEOUT = 408;

type Answer = Msg | "nothing" | "failed";

/**
 * Asks a consumer for one job, until there is one or `signal` aborts. A job that is on its way
 * meanwhile is not lost: it is waited for.
 */
export async function pullJob(
  connection: Connection,
  { stream, consumer }: { readonly stream: string; readonly consumer: string },
  signal: AbortSignal,
): Promise<Answer> {
  if (signal.aborted) return "nothing";
  const { nats, clock, inboxPrefix } = connection;
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const inbox = createInbox(inboxPrefix);
  const subscription = nats.subscribe(inbox, {
    callback: (error, message) => resolve(error === null ? answerOf(message) : "failed"),
  });
  const end = (answer: Answer): void => {
    // Without a subscription the server gives us no job, and what it gave before comes first.
    const drained = connection.status === "connected" ? subscription.drain() : Promise.resolve();
    void drained.catch(() => {}).then(() => resolve(answer));
  };
  const stop = (): void => end("nothing");
  const cancelTimer = clock.after(PULL_EXPIRY_MS + PULL_GRACE_MS, () => end("failed"));
  signal.addEventListener("abort", stop, { once: true });
  const request = JSON.stringify({ batch: 1, expires: nanos(PULL_EXPIRY_MS) });
  nats.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, request, { reply: inbox });
  const answer = await promise;
  cancelTimer();
  signal.removeEventListener("abort", stop);
  subscription.unsubscribe();
  return answer;
}

/** What is no job has a status for its header. */
function answerOf(message: Msg): Answer {
  const code = message.headers?.code ?? 0;
  if (code === 0) return message;
  return code === REQUEST_TIMEOUT ? "nothing" : "failed";
}
