import type { Msg } from "@nats-io/transport-node";
import { nanos } from "@nats-io/transport-node";
import { aborted, JOB_EXPIRY_MS, type QueuedJob } from "@seedfleet/bus";
import { type CancelTimer, delay } from "@seedfleet/runtime";
import type { Connection } from "./connection.ts";
import { RECONNECT_DEFAULTS, reconnectDelayMs } from "./reconnect-delay.ts";

/** Two of these may be lost before the job is. */
const RENEWAL_INTERVAL_MS = JOB_EXPIRY_MS / 3;

const WORKING = "+WPI";
const DONE = "+ACK";

/**
 * A job that this process holds. The server is told that it is worked at, and answers; where no
 * answer has come for as long as the server waits, it counts as lost, and is aborted.
 */
export class NatsJob {
  readonly handed: QueuedJob;
  /** Its place in the stream, by which a job that comes again is known. */
  readonly sequence: number;
  readonly #connection: Connection;
  readonly #subject: string;
  readonly #reply: string;
  readonly #abort = new AbortController();
  /** Aborts when it is not ours any more. */
  readonly #over = new AbortController();
  readonly #cancelRenewal: CancelTimer;
  #cancelExpiry: CancelTimer = () => {};

  constructor(connection: Connection, { data, reply = "" }: Msg, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
    this.#reply = reply;
    const { attempt, sequence } = deliveryOf(reply);
    this.handed = { payload: data, attempt, signal: this.#abort.signal };
    this.sequence = sequence;
    const { clock } = connection;
    this.#cancelRenewal = clock.every(RENEWAL_INTERVAL_MS, this.#renew);
    connection.reconnected.add(this.#renew);
    this.#expireAfter(clock.nowMs());
  }

  /** Tells the handler to give up. Until it does the job is still its own. */
  abort(): void {
    this.#abort.abort(aborted(this.#subject));
  }

  /** Resolves when the server has taken the job out, or may have handed it to another. */
  async finish(): Promise<void> {
    for (let attempt = 0; !(await this.#tell(DONE)); attempt += 1) {
      if (this.#over.signal.aborted) break;
      const delayMs = reconnectDelayMs(RECONNECT_DEFAULTS, attempt, Math.random());
      await delay(this.#connection.clock, delayMs, this.#over.signal);
    }
    this.#end();
  }

  /** Should the server not hear it, the job expires. One that is lost may be another's by now. */
  async giveBack(delayMs: number): Promise<void> {
    if (this.#over.signal.aborted) return;
    // A renewal that came later would hold the job back.
    this.#end();
    await this.#tell(delayMs === 0 ? "-NAK" : `-NAK {"delay":${nanos(delayMs)}}`);
  }

  readonly #renew = (): void => {
    const askedAtMs = this.#connection.clock.nowMs();
    void this.#tell(WORKING).then((isHeld) => {
      if (isHeld) this.#expireAfter(askedAtMs);
    });
  };

  #expireAfter(renewedAtMs: number): void {
    if (this.#over.signal.aborted) return;
    const { clock } = this.#connection;
    this.#cancelExpiry();
    this.#cancelExpiry = clock.after(renewedAtMs + JOB_EXPIRY_MS - clock.nowMs(), () => {
      this.#end();
      this.abort();
    });
  }

  #end(): void {
    this.#connection.reconnected.delete(this.#renew);
    this.#cancelRenewal();
    this.#cancelExpiry();
    this.#over.abort();
  }

  /** Whether the server has answered. */
  async #tell(what: string): Promise<boolean> {
    const { nats, status, reconnected } = this.#connection;
    // The client would keep it until the server is back, when it may not be true any more.
    if (status !== "connected") return false;
    const { promise: cutOff, resolve } = Promise.withResolvers<boolean>();
    const giveUp = (): void => resolve(false);
    reconnected.add(giveUp);
    const told = nats.request(this.#reply, what, { timeout: RENEWAL_INTERVAL_MS }).then(
      () => true,
      () => false,
    );
    // What the server answered to a connection that broke never comes.
    const hasAnswered = await Promise.race([told, cutOff]);
    reconnected.delete(giveUp);
    return hasAnswered;
  }
}

/**
 * What a message's reply subject says of it: `$JS.ACK.{stream}.{consumer}.{attempt}.{sequence}…`,
 * where later servers may have their domain and account before the stream.
 */
export function deliveryOf(reply: string): { readonly attempt: number; readonly sequence: number } {
  const tokens = reply.split(".");
  const first = tokens.length === 9 ? 4 : 6;
  return { attempt: Number(tokens[first]), sequence: Number(tokens[first + 1]) };
}
