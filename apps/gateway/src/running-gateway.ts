import type { Bus } from "@seedfleet/bus";
import type { HostPort, ReachabilityOutcome } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { GatewayConfig } from "./config.ts";

export type GatewayPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Has the process drain and end, as a signal does. */
  readonly requestStop: () => void;
};

export type NamedGatewayConfig = GatewayConfig & { readonly id: string };

export interface RunningGateway extends AsyncDisposable {
  /** Where peers are told to connect. */
  readonly peerAddress: HostPort;
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /**
   * Dials itself by the address that peers are told, and says what came of it; null if nothing did.
   */
  checkReachability(): Promise<ReachabilityOutcome | null>;
  /** Takes no new peers, answers what was asked, and lets the peers go. */
  drain(): Promise<void>;
}
