import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import type { FleetCheckup } from "@seedfleet/contracts";
import { errorCode } from "@seedfleet/runtime";
import { isLoopback } from "../reachable-host.ts";
import type { UpConfig } from "../up-config.ts";
import { nameOf } from "./judge-processes.ts";
import type { NamedPort, TriedPort } from "./observed.ts";

/** The ports that a fleet with these settings takes on this machine; a free one is none. */
export function namedPorts({ gateway, tracker, console, process }: UpConfig): readonly NamedPort[] {
  const { host, port, udp, udpPort, apiHost, apiPort, mode } = tracker;
  const udpAt = udpPort ?? port;
  const ports: readonly (NamedPort | null)[] = [
    named("gateway", "tcp", {
      ...{ host: gateway.host, port: gateway.peerPort },
      setting: "--peer-port or SEEDFLEET_GATEWAY_PEER_PORT",
    }),
    named("tracker", "tcp", { host, port, setting: TRACKER_SETTING }),
    udp ? named("tracker", "udp", { host, port: udpAt, setting: TRACKER_SETTING }) : null,
    mode === "private"
      ? named("tracker API", "tcp", {
          ...{ host: apiHost, port: apiPort, setting: "--api-port or SEEDFLEET_TRACKER_API_PORT" },
        })
      : null,
    named("console", "tcp", {
      ...{ host: console.host, port: console.port },
      setting: "--console-port or SEEDFLEET_CONSOLE_PORT",
    }),
    named("admin", "tcp", {
      ...{ host: process.adminHost, port: process.adminPort },
      setting: "SEEDFLEET_ADMIN_PORT",
    }),
  ];
  return ports.filter((each) => each !== null && each.port !== 0) as readonly NamedPort[];
}

const TRACKER_SETTING = "--tracker-port or SEEDFLEET_TRACKER_PORT";

function named(
  purpose: NamedPort["purpose"],
  protocol: NamedPort["protocol"],
  at: Pick<NamedPort, "host" | "port" | "setting">,
): NamedPort {
  return { purpose, protocol, ...at };
}

/** Listens at each for a moment, which says whether somebody else does. */
export async function tryPorts(ports: readonly NamedPort[]): Promise<readonly TriedPort[]> {
  return await Promise.all(
    ports.map(async (port) => ({ ...port, fault: await faultOf(port), holder: null })),
  );
}

async function faultOf({ protocol, host, port }: NamedPort): Promise<string | null> {
  try {
    if (protocol === "udp") {
      const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject).bind({ address: host, port, exclusive: true }, resolve);
      }).finally(() => socket.close());
    } else {
      const server = createServer().listen({ host, port, exclusive: true });
      await once(server, "listening");
      server.close();
      await once(server, "close");
    }
    return null;
  } catch (error) {
    return errorCode(error) ?? "unknown";
  }
}

/** Which processes of the fleet have the ports that are taken, by what they say of themselves. */
export function withHolders(
  ports: readonly TriedPort[],
  fleet: FleetCheckup,
  ownAddresses: ReadonlySet<string> = addressesOfThisMachine(),
): readonly TriedPort[] {
  const held = fleet.processes.flatMap(({ presence }) => {
    const { peerAddress, urls, role } = presence;
    const at = role === "piece-store" ? [] : urls.flatMap((url) => URL.parse(url) ?? []);
    const places = at.map(({ protocol, hostname, port }) => {
      const host = hostname.replace(/^\[(.*)\]$/, "$1");
      return { protocol: protocol === "udp:" ? "udp" : "tcp", host, port: Number(port) };
    });
    if (peerAddress !== null) places.push({ protocol: "tcp", ...peerAddress });
    return places.map((place) => ({ ...place, name: nameOf(presence) }));
  });
  return ports.map((tried) => {
    if (tried.fault !== "EADDRINUSE") return tried;
    const holder = held.find(({ protocol, host, port }) => {
      const isOurs = isLoopback(host) || host === "localhost" || ownAddresses.has(host);
      return isOurs && protocol === tried.protocol && port === tried.port;
    });
    return holder === undefined ? tried : { ...tried, holder: `${holder.name} of this fleet` };
  });
}

function addressesOfThisMachine(): ReadonlySet<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return new Set(addresses.map(({ address }) => address));
}
