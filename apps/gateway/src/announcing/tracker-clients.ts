import type { AnnounceFields, Chance, TrackerUrl } from "@seedfleet/announce";
import type { Clock } from "@seedfleet/runtime";
import type { Counter, Meter } from "@seedfleet/telemetry";
import type { ResolveName } from "../outbound/allowed-lookup.ts";
import type { OutboundRule } from "../outbound/outbound-rule.ts";
import { type AnnounceOutcome, away } from "./announce-outcome.ts";
import { announceByHttp } from "./http-announce.ts";
import { announceByUdp } from "./udp-announce.ts";
import { UdpSockets } from "./udp-sockets.ts";

/** Announces under way at once; further ones wait, as when a gateway begins with all mirrors. */
export const ANNOUNCES_IN_FLIGHT_MAX = 128;

export type TrackerClientsPorts = {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly chance: Chance;
  readonly rule: OutboundRule;
  /** Instead of the system's own. */
  readonly resolve?: ResolveName;
};

type Asked = { readonly tracker: TrackerUrl; readonly fields: AnnounceFields };

/** Asks trackers, by whatever way; a gateway has one of these for all swarms of others. */
export class TrackerClients implements AsyncDisposable {
  readonly rule: OutboundRule;
  readonly #ports: TrackerClientsPorts;
  readonly #sockets = new UdpSockets();
  readonly #announces: Counter;
  /** Those that wait for their turn. */
  readonly #waiting = new Set<() => void>();
  #inFlight = 0;

  constructor(ports: TrackerClientsPorts) {
    this.#ports = ports;
    this.rule = ports.rule;
    this.#announces = ports.meter.counter(
      "seedfleet_gateway_announces",
      "Announces to trackers of what is or was downloaded, by scheme and outcome",
    );
  }

  /** Never rejects; once `stopped` aborts, the outcome is soon there. */
  async announce(asked: Asked, stopped: AbortSignal): Promise<AnnounceOutcome> {
    await this.#turn(stopped);
    try {
      if (stopped.aborted) return away("stopped", "the gateway stopped asking");
      const outcome = await this.#ask(asked, stopped);
      const label = labelOf(outcome);
      if (label !== "stopped") {
        this.#announces.add(1, { scheme: asked.tracker.scheme, outcome: label });
      }
      return outcome;
    } finally {
      this.#giveBack();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sockets[Symbol.asyncDispose]();
  }

  #ask(asked: Asked, stopped: AbortSignal): Promise<AnnounceOutcome> {
    if (asked.tracker.scheme !== "udp") return announceByHttp(this.#ports, asked, stopped);
    return announceByUdp({ ...this.#ports, sockets: this.#sockets }, asked, stopped);
  }

  /** Takes a place as soon as there is one, or `stopped` aborts, which need not wait. */
  async #turn(stopped: AbortSignal): Promise<void> {
    if (this.#inFlight < ANNOUNCES_IN_FLIGHT_MAX || stopped.aborted) {
      this.#inFlight += 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const quit = (): void => {
      this.#waiting.delete(resolve);
      this.#inFlight += 1;
      resolve();
    };
    this.#waiting.add(resolve);
    stopped.addEventListener("abort", quit, { once: true });
    await promise;
    stopped.removeEventListener("abort", quit);
  }

  /** The place is the next one's at once, so that nobody comes between. */
  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#inFlight > ANNOUNCES_IN_FLIGHT_MAX) {
      this.#inFlight -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

/** The label of the metric. */
function labelOf(outcome: AnnounceOutcome): string {
  if (outcome.kind === "reply") return "answered";
  if (outcome.kind === "refusal") return "refused";
  return outcome.code;
}
