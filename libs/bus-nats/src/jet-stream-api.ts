import { randomBytes } from "node:crypto";
import { errors, type NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "@seedfleet/runtime";

/** JetStream answers within milliseconds, or has no leader. */
const ANSWER_MS_MAX = 3_000;

/** A consumer that was made for its time alone goes by itself if its deletion is lost. */
const CONSUMER_IDLE_NS = 5_000_000_000;

/** What JetStream says to a question of its API. */
export type JetStreamAnswer =
  | { readonly kind: "answer"; readonly body: object }
  | { readonly kind: "error"; readonly code: number; readonly description: string }
  /** JetStream is off, or not for this account. */
  | { readonly kind: "nobody" }
  /** This user may not ask. */
  | { readonly kind: "refused" }
  | { readonly kind: "silent" };

type Reply = {
  readonly error?: { readonly err_code?: number; readonly description?: string };
  /** nats-server 2.10 and later. */
  readonly ts?: string;
  readonly created?: string;
};

/** Questions that change nothing, or nothing that stays, and what their answers say of the time. */
export class JetStreamApi {
  readonly #nats: NatsConnection;
  readonly #clock: Clock;
  #clockAheadMs: number | null = null;

  constructor(nats: NatsConnection, clock: Clock) {
    this.#nats = nats;
    this.#clock = clock;
  }

  /** The server's clock beyond ours, as far as an answer told. */
  get clockAheadMs(): number | null {
    return this.#clockAheadMs;
  }

  /** Never rejects while the connection stands. */
  async ask(question: string, request: object | null = null): Promise<JetStreamAnswer> {
    const sentAtMs = this.#clock.nowMs();
    const payload = request === null ? "" : JSON.stringify(request);
    try {
      const message = await this.#nats.request(`$JS.API.${question}`, payload, {
        timeout: ANSWER_MS_MAX,
      });
      const body = message.json<Reply>();
      this.#clockAheadMs ??= this.#ahead(body.ts, sentAtMs);
      const { error } = body;
      if (error === undefined) return { kind: "answer", body };
      return { kind: "error", code: error.err_code ?? 0, description: error.description ?? "" };
    } catch (error) {
      return failureOf(error);
    }
  }

  /** The time by an older server, which tells it when something is made. */
  async askTime(stream: string): Promise<number | null> {
    const name = `checkup-${randomBytes(8).toString("hex")}`;
    const config = {
      ...{ name, ack_policy: "none", deliver_policy: "new", mem_storage: true, num_replicas: 1 },
      inactive_threshold: CONSUMER_IDLE_NS,
    };
    const sentAtMs = this.#clock.nowMs();
    const answer = await this.ask(`CONSUMER.CREATE.${stream}.${name}`, {
      stream_name: stream,
      config,
    });
    if (answer.kind !== "answer") return null;
    const { created } = answer.body as Reply;
    const ahead = this.#ahead(created, sentAtMs);
    await this.ask(`CONSUMER.DELETE.${stream}.${name}`);
    return ahead;
  }

  #ahead(time: string | undefined, sentAtMs: number): number | null {
    const serverMs = Date.parse(time ?? "");
    if (Number.isNaN(serverMs)) return null;
    return serverMs - (sentAtMs + this.#clock.nowMs()) / 2;
  }
}

function failureOf(error: unknown): JetStreamAnswer {
  const causes = [error, error instanceof Error ? error.cause : null];
  const is = (kind: new (...args: never[]) => Error): boolean =>
    causes.some((each) => each instanceof kind);
  if (is(errors.PermissionViolationError)) return { kind: "refused" };
  if (is(errors.NoRespondersError)) return { kind: "nobody" };
  if (is(errors.TimeoutError)) return { kind: "silent" };
  throw error;
}
