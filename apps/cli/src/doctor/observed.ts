import type { NatsInspection } from "@seedfleet/bus-nats";
import type { CheckedDirectory, FleetCheckup, HostPort } from "@seedfleet/contracts";
import type { DialledPeer } from "@seedfleet/gateway/service";

/** What came of looking at something, within the time it had. */
export type Looked<Seen> =
  | { readonly kind: "seen"; readonly seen: Seen }
  | { readonly kind: "late"; readonly afterMs: number }
  /** `code` is null of what nobody foresaw. */
  | { readonly kind: "failed"; readonly code: string | null; readonly reason: string };

/** The bus that the fleet should be on. */
export type ObservedBus =
  | {
      readonly kind: "nats";
      /** Without credentials. */
      readonly servers: readonly string[];
      /** What the settings ask for. */
      readonly replicas: number;
      readonly looked: Looked<NatsInspection>;
    }
  /** Inside `seedfleet up`, which is asked by its admin port. */
  | {
      readonly kind: "embedded";
      readonly dataDir: string;
      /** Whether it has said there where it is asked. */
      readonly isRunning: boolean;
    };

/** A gateway, dialled by the address that peers are told. */
export type DialledGateway = {
  readonly id: string;
  readonly address: HostPort;
  readonly looked: Looked<DialledPeer>;
};

/** An answer to an announce that leaves no trace. */
export type TrackerAnswer =
  | { readonly kind: "answered" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "away"; readonly reason: string };

export type AskedTracker = {
  readonly id: string;
  /** Without what may be secret. */
  readonly url: string;
  readonly scheme: string;
  readonly looked: Looked<TrackerAnswer>;
};

export type AskedConsole = {
  readonly id: string;
  readonly url: string;
  /** The status of HTTP. */
  readonly looked: Looked<number>;
};

/** A port that the settings of this machine name. */
export type NamedPort = {
  /** What it is for. */
  readonly purpose: "gateway" | "tracker" | "console" | "tracker API" | "admin";
  readonly protocol: "tcp" | "udp";
  readonly host: string;
  readonly port: number;
  /** How another one is chosen. */
  readonly setting: string;
};

export type TriedPort = NamedPort & {
  /** Null of one that is free, else a code of the system's. */
  readonly fault: string | null;
  /** Of one that is taken: who of the fleet answers there, as far as that shows. */
  readonly holder: string | null;
};

/** Everything that one run has seen. Whatever judges it needs nothing else. */
export type Observed = {
  readonly nowMs: number;
  /** Of this command. */
  readonly version: string;
  readonly node: string;
  /** What is wrong with the settings of this machine, or null. */
  readonly settingsFault: string | null;
  readonly bus: ObservedBus;
  /** Null where there was no way to ask. */
  readonly fleet: Looked<FleetCheckup> | null;
  readonly gateways: readonly DialledGateway[];
  readonly trackers: readonly AskedTracker[];
  readonly consoles: readonly AskedConsole[];
  readonly ports: readonly TriedPort[];
  /** Of this machine. */
  readonly directories: readonly CheckedDirectory[];
};
