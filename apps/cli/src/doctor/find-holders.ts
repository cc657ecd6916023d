import type { FleetCheckup } from "@seedfleet/contracts";
import { dialPeer } from "@seedfleet/gateway/service";
import type { Clock } from "@seedfleet/runtime";
import { joinHostPort } from "../reachable-host.ts";
import { announceTo } from "./ask-trackers.ts";
import { nameOf } from "./judge-processes.ts";
import { lookWithin } from "./look.ts";
import type { NamedPort, TriedPort } from "./observed.ts";

/** On the same machine an answer takes no time. */
const ANSWER_MS_MAX = 2_000;

/**
 * Asks whoever has a port, where the fleet's own word does not say: behind a NAT, or in a
 * container, a process listens elsewhere than it says.
 */
export async function findHolders(
  clock: Clock,
  ports: readonly TriedPort[],
  fleet: FleetCheckup,
): Promise<readonly TriedPort[]> {
  return await Promise.all(
    ports.map(async (tried) => {
      if (tried.fault !== "EADDRINUSE" || tried.holder !== null) return tried;
      const looked = await lookWithin(clock, 3 * ANSWER_MS_MAX, () => ask(clock, tried, fleet));
      return { ...tried, holder: looked.kind === "seen" ? looked.seen : null };
    }),
  );
}

async function ask(
  clock: Clock,
  { purpose, protocol, host, port }: NamedPort,
  fleet: FleetCheckup,
): Promise<string | null> {
  const address = { host: EVERYWHERE[host] ?? host, port };
  if (purpose === "gateway") return await askForGateway(clock, address, fleet);
  if (purpose !== "tracker") return null;
  const scheme = protocol === "udp" ? "udp" : "http";
  const url = `${scheme}://${joinHostPort(address)}/announce`;
  const [asked] = await announceTo(clock, [{ id: "", url }], fleet.infoHash);
  const isTracker = asked?.looked.kind === "seen" && asked.looked.seen.kind !== "away";
  return isTracker ? "a BitTorrent tracker" : null;
}

/** Where somebody listens on every address of a machine, it is reached by the loopback. */
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

async function askForGateway(
  clock: Clock,
  address: { readonly host: string; readonly port: number },
  { processes, infoHash }: FleetCheckup,
): Promise<string | null> {
  if (infoHash === null) return null;
  const options = { encryption: "allowed", infoHash, timeoutMs: ANSWER_MS_MAX } as const;
  const dialled = await dialPeer(clock, address, options);
  if (dialled.kind !== "answered") return null;
  const found = processes.find(({ checkup }) => checkup?.gateway?.peerId === dialled.peerId);
  return found === undefined ? null : `${nameOf(found.presence)} of this fleet`;
}
