import type { NatsInspection } from "@seedfleet/bus-nats";
import { parseInfoHash, parsePeerId } from "@seedfleet/bytes";
import type {
  CheckedProcess,
  Checkup,
  FleetCheckup,
  GatewayCheckup,
  Presence,
  Role,
} from "@seedfleet/contracts";
import type { Level } from "./finding.ts";
import { judge } from "./judge.ts";
import type { Observed } from "./observed.ts";

const INFO_HASH = parseInfoHash("ab".repeat(20));

const PEER_ID = parsePeerId("01".repeat(20));
if (PEER_ID === null) throw new Error("no peer id");

/** What a gateway says by which a dialled one is known. */
export const peerId: GatewayCheckup["peerId"] = PEER_ID;

export const NOW_MS = 1_000_000_000;

/** A process that answered at once, unless told otherwise. */
export function givenProcess(
  role: Role,
  differing: Partial<Presence> = {},
  checkup: Partial<Checkup> | null = {},
): CheckedProcess {
  const presence: Presence = {
    ...{ role, id: `${role}-1`, version: "1.0.0", startedAtMs: 0, draining: false, load: 0 },
    ...{ peerAddress: null, urls: [], gateway: null },
    ...differing,
  };
  return {
    ...{ presence, answeredAtMs: NOW_MS },
    checkup: checkup === null ? null : { nowMs: NOW_MS, node: "v26.0.0", ...checkup },
    failure: checkup === null ? "bus-no-responders" : null,
  };
}

/** A gateway at 192.0.2.1 that reached itself, unless told otherwise. */
export function givenGateway(
  checkup: Partial<GatewayCheckup> | null = {},
  differing: Partial<Presence> = {},
): CheckedProcess {
  const said: GatewayCheckup = {
    ...{ peerId, hasReachedItself: true, cameAgoMs: null },
    encryption: "allowed",
    outcome: "reached",
  };
  const gateway = {
    ...{ peers: 1, peersMax: 100, uploadBytesPerSecond: 0, cacheBytes: 0, cacheBytesMax: 1 },
    ...{ hot: [], reachable: checkup?.outcome === undefined || checkup.outcome === "reached" },
  };
  return givenProcess(
    "gateway",
    { peerAddress: { host: "192.0.2.1", port: 6_881 }, gateway, ...differing },
    checkup === null ? null : { gateway: { ...said, ...checkup } },
  );
}

/** The other four roles. */
export const OTHERS: readonly CheckedProcess[] = [
  givenProcess("tracker"),
  givenProcess("piece-store"),
  givenProcess("choking-scheduler"),
  givenProcess("console"),
];

export function givenFleet(
  processes: readonly CheckedProcess[] = [givenGateway(), ...OTHERS],
  infoHash: FleetCheckup["infoHash"] = INFO_HASH,
): Observed["fleet"] {
  return { kind: "seen", seen: { processes, infoHash } };
}

export function givenNats(differing: Partial<NatsInspection> = {}): Observed["bus"] {
  const servers = ["nats://127.0.0.1:4222"];
  const seen: NatsInspection = {
    ...{ servers, version: "2.10.0", roundTripMs: 1, encrypted: false, serverCount: 1 },
    jetStream: { kind: "on", storageBytes: 0, storageBytesMax: null },
    ...{ stores: [], clockAheadMs: 0, refused: [] },
    ...differing,
  };
  return { kind: "nats", servers, replicas: 1, looked: { kind: "seen", seen } };
}

/** All is well, unless told otherwise: one gateway, which answered from here. */
export function givenObserved(differing: Partial<Observed> = {}): Observed {
  const address = { host: "192.0.2.1", port: 6_881 };
  return {
    ...{ nowMs: NOW_MS, version: "1.0.0", node: "v26.1.0", settingsFault: null },
    ...{ bus: givenNats(), fleet: givenFleet() },
    gateways: [
      { id: "gateway-1", address, looked: { kind: "seen", seen: { kind: "answered", peerId } } },
    ],
    ...{ trackers: [], consoles: [], ports: [], directories: [] },
    ...differing,
  };
}

/** Level, check, what was found and what to do, of all that is not ok. */
export function notOk(
  differing: Partial<Observed>,
): readonly (readonly [Level, string, string, string | null])[] {
  return judge(givenObserved(differing))
    .filter(({ level }) => level !== "ok")
    .map(({ level, check, found, todo }) => [level, check, found, todo]);
}
