import { BlockList, isIPv6, type LookupFunction } from "node:net";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { GatewayCheckup, HostPort, ReachabilityOutcome } from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import type { Log, Meter } from "@seedfleet/telemetry";
import { addressKind } from "../outbound/address-kind.ts";
import type { EncryptionPolicy } from "../peers/open-stream.ts";
import type { PeerCame } from "../peers/peer-host.ts";
import { judgeProbe, reachabilityAdvice } from "./judge-probe.ts";
import { SelfDial } from "./self-dial.ts";

/** The first one once everything is up that takes part in the start. */
const FIRST_CHECK_MS = 1_000;

/** An address that is lost is noticed before the next announce of most clients. */
export const REACHABILITY_INTERVAL_MS = 600_000;

const LOOPBACK: BlockList = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

const UNSPECIFIED: BlockList = new BlockList();
UNSPECIFIED.addAddress("0.0.0.0");
UNSPECIFIED.addAddress("::", "ipv6");

export type ReachabilityPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly isFull: () => boolean;
  /** Instead of the system's own. */
  readonly lookup?: LookupFunction;
};

type ReachabilityConfig = {
  readonly address: HostPort;
  readonly ownPeerId: PeerId;
  readonly encryption: EncryptionPolicy;
};

/**
 * Whether peers can reach this gateway by the address they are told, as far as it can tell: it
 * dials itself through it after the start, every ten minutes, and when asked. What it finds is
 * said when it changes and keeps nobody out: a NAT that does not lead back inside is no fault.
 *
 * An address of the loopback is checked when asked only: no peer elsewhere is told of it.
 */
export class Reachability {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #address: HostPort;
  readonly #dial: SelfDial;
  readonly #timers: CancelTimer[] = [];
  readonly #stopping = new AbortController();
  #checking: Promise<ReachabilityOutcome | null> | null = null;
  #outcome: ReachabilityOutcome | null = null;
  #hasReached = false;
  #cameAtMs: number | null = null;

  constructor(ports: ReachabilityPorts, config: ReachabilityConfig) {
    const { address, ownPeerId, encryption } = config;
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#address = address;
    this.#dial = new SelfDial({ ...ports, ownPeerId, encryption });
    ports.meter.gauge(
      "seedfleet_gateway_reachable",
      "Whether the gateway reached itself by the address peers are told",
      () => Number(this.isReachable === true),
    );
    if (isIn(LOOPBACK, address.host)) return;
    const check = (): void => void this.check();
    this.#timers.push(ports.clock.after(FIRST_CHECK_MS, check));
    this.#timers.push(ports.clock.every(REACHABILITY_INTERVAL_MS, check));
  }

  /** Null while it is not known. */
  get isReachable(): boolean | null {
    return this.#outcome === null ? null : this.#outcome === "reached";
  }

  /**
   * A peer's handshake is done. One that is in the kind of network that the address is of came by
   * it: behind a NAT that shows in the sources of connections from outside, and in no others.
   */
  came({ host, isDialled }: Pick<PeerCame, "host" | "isDialled">): void {
    const kind = addressKind(host);
    if (isDialled || kind === "loopback" || kind !== addressKind(this.#address.host)) return;
    this.#cameAtMs = this.#clock.nowMs();
  }

  /** What it knows of how it is reached, once it has looked anew. */
  async examine(): Promise<Pick<GatewayCheckup, "outcome" | "hasReachedItself" | "cameAgoMs">> {
    const outcome = await this.check();
    return { outcome, hasReachedItself: this.#hasReached, cameAgoMs: this.#cameAgoMs };
  }

  isProbe(infoHash: InfoHash): boolean {
    return this.#dial.isProbe(infoHash);
  }

  findObfuscated(hash: Uint8Array): InfoHash | null {
    return this.#dial.findObfuscated(hash);
  }

  /** Dials now, or joins the check under way. Null when nothing could be found out. */
  check(): Promise<ReachabilityOutcome | null> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  stop(): void {
    this.#stopping.abort();
    for (const cancel of this.#timers) cancel();
  }

  /** How long ago a peer came that must have come by the address; null if none did. */
  get #cameAgoMs(): number | null {
    return this.#cameAtMs === null ? null : Math.max(0, this.#clock.nowMs() - this.#cameAtMs);
  }

  async #check(): Promise<ReachabilityOutcome | null> {
    if (this.#stopping.signal.aborted) return null;
    const outcome = await this.#find();
    if (outcome === null) return null;
    if (outcome !== this.#outcome) this.#tell(outcome);
    this.#outcome = outcome;
    if (outcome === "reached") this.#hasReached = true;
    return outcome;
  }

  async #find(): Promise<ReachabilityOutcome | null> {
    if (isIn(UNSPECIFIED, this.#address.host)) return "unspecified";
    const evidence = await this.#dial.dial(this.#address, this.#stopping.signal);
    return evidence === null ? null : judgeProbe(evidence);
  }

  #tell(outcome: ReachabilityOutcome): void {
    const { host, port } = this.#address;
    if (outcome === "reached") {
      this.#log.info("gateway reached by its advertised address", { host, port });
    } else {
      const fields = { host, port, outcome, advice: reachabilityAdvice(outcome) };
      this.#log.warn("gateway not reached by its advertised address", fields);
    }
  }
}

/** A name is in no list: what it stands for may change. */
function isIn(list: BlockList, host: string): boolean {
  return list.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}
