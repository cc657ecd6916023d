import {
  type AnnounceFields,
  type Chance,
  type TrackerUrl,
  UDP_TRIES_MAX,
  UdpExchange,
  udpWaitMs,
} from "@seedfleet/announce";
import { type Endpoint, endpointFamily, endpointOf } from "@seedfleet/bytes";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import { allowedAddresses, type ResolveName } from "../outbound/allowed-lookup.ts";
import type { OutboundRule } from "../outbound/outbound-rule.ts";
import { type AnnounceOutcome, away, awayBy } from "./announce-outcome.ts";
import type { UdpSockets } from "./udp-sockets.ts";

export type UdpAnnouncePorts = {
  readonly clock: Clock;
  readonly rule: OutboundRule;
  readonly chance: Chance;
  readonly sockets: UdpSockets;
  /** Instead of the system's own. */
  readonly resolve?: ResolveName;
};

type Asked = { readonly tracker: TrackerUrl; readonly fields: AnnounceFields };

/**
 * One announce over UDP, to the first address of the tracker's name, and where it has one of the
 * other family and the first does not answer, to that one too. Never rejects.
 */
export async function announceByUdp(
  ports: UdpAnnouncePorts,
  asked: Asked,
  stopped: AbortSignal,
): Promise<AnnounceOutcome> {
  let found: readonly Endpoint[];
  try {
    found = await endpointsOf(ports, asked.tracker, stopped);
  } catch (error) {
    return stopped.aborted ? STOPPED : awayBy(error);
  }
  const [first] = found;
  if (first === undefined) return away("unreachable", "its name does not resolve");
  const other = found.find((each) => endpointFamily(each) !== endpointFamily(first));
  if (other === undefined) return await announceTo(ports, asked, { to: first, stopped });
  // One try each, which takes no longer than both tries of a tracker with one address.
  const outcome = await announceTo(ports, asked, { to: first, stopped, triesMax: 1 });
  if (outcome.kind !== "away" || outcome.code === "stopped") return outcome;
  return await announceTo(ports, asked, { to: other, stopped, triesMax: 1 });
}

/** Rejects when `stopped` aborts: the system may take half a minute over a name. */
async function endpointsOf(
  { rule, resolve }: UdpAnnouncePorts,
  { host, port }: TrackerUrl,
  stopped: AbortSignal,
): Promise<readonly Endpoint[]> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(stopped.reason);
  stopped.addEventListener("abort", abort, { once: true });
  try {
    const addresses = await Promise.race([allowedAddresses(rule, host, resolve), promise]);
    return addresses.flatMap(({ address }) => endpointOf(address, port) ?? []);
  } finally {
    stopped.removeEventListener("abort", abort);
  }
}

type Way = { readonly to: Endpoint; readonly stopped: AbortSignal; readonly triesMax?: number };

async function announceTo(
  ports: UdpAnnouncePorts,
  asked: Asked,
  { to, stopped, triesMax = UDP_TRIES_MAX }: Way,
): Promise<AnnounceOutcome> {
  if (stopped.aborted) return STOPPED;
  const asking = new Asking(ports, asked, { to, triesMax });
  const abort = (): void => asking.settle(STOPPED);
  stopped.addEventListener("abort", abort, { once: true });
  const outcome = await asking.outcome;
  stopped.removeEventListener("abort", abort);
  return outcome;
}

const STOPPED = away("stopped", "the gateway stopped asking");

class Asking {
  readonly outcome: Promise<AnnounceOutcome>;
  readonly #give: (outcome: AnnounceOutcome) => void;
  readonly #ports: UdpAnnouncePorts;
  readonly #exchange: UdpExchange;
  readonly #to: Endpoint;
  readonly #triesMax: number;
  readonly #ignore: () => void;
  #tries = 0;
  #cancel: CancelTimer = () => {};
  #isSettled = false;

  constructor(
    ports: UdpAnnouncePorts,
    { tracker, fields }: Asked,
    { to, triesMax }: { readonly to: Endpoint; readonly triesMax: number },
  ) {
    const { promise, resolve } = Promise.withResolvers<AnnounceOutcome>();
    this.outcome = promise;
    this.#give = resolve;
    this.#ports = ports;
    this.#to = to;
    this.#triesMax = triesMax;
    this.#exchange = new UdpExchange({
      fields,
      family: endpointFamily(to),
      pathAndQuery: tracker.pathAndQuery,
      connection: ports.sockets.connectionTo(to),
      chance: ports.chance,
    });
    this.#ignore = ports.sockets.listen(to, (packet) => this.#receive(packet));
    this.#send();
  }

  /** Only the first outcome counts. */
  settle(outcome: AnnounceOutcome): void {
    this.#isSettled = true;
    this.#cancel();
    this.#ignore();
    this.#ports.sockets.keep(this.#to, this.#exchange.connection);
    this.#give(outcome);
  }

  #send(): void {
    const { clock, sockets } = this.#ports;
    if (this.#tries === this.#triesMax) {
      return this.settle(away("timed-out", "it does not answer"));
    }
    this.#tries += 1;
    this.#cancel = clock.after(udpWaitMs(this.#tries), () => this.#send());
    sockets.send(this.#to, this.#exchange.packet(clock.nowMs()), (error) => {
      if (!this.#isSettled) this.settle(awayBy(error));
    });
  }

  #receive(packet: Uint8Array): void {
    if (this.#isSettled) return;
    const answer = this.#exchange.receive(packet, this.#ports.clock.nowMs());
    if (answer === null) return;
    if (answer !== "again") return this.settle(answer);
    this.#cancel();
    this.#tries = 0;
    this.#send();
  }
}
