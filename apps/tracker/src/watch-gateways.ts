import type { Bus } from "@seedfleet/bus";
import { endpointOf } from "@seedfleet/bytes";
import { PRESENCE_EXPIRY_MS, type Presence } from "@seedfleet/contracts";
import { watchPresence } from "@seedfleet/fleet";
import type { Clock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { LiveGateway } from "./choose-gateways.ts";

/** So long a draining gateway may still be handed out; presence is not sorted on every announce. */
const REFRESH_INTERVAL_MS = 500;

export type GatewayWatch = {
  /** Live and not draining, in the order of their ids. */
  gateways(): readonly LiveGateway[];
  stop(): void;
};

/**
 * The gateways of the fleet, from presence. While the bus is away, and until everyone had the time
 * to say again that it is there, those known before count as live: silence says nothing then.
 */
export function watchGateways(
  ports: { readonly bus: Bus; readonly clock: Clock },
  log: Log,
): GatewayWatch {
  const { bus, clock } = ports;
  const presence = watchPresence(ports, ["gateway"]);
  const toGateway = gatewayReader(log);
  let known: readonly LiveGateway[] = [];
  let connectedAtMs = -Infinity;
  bus.onStatus((status) => {
    if (status === "connected") connectedAtMs = clock.nowMs();
  });

  const refresh = (): void => {
    if (bus.status !== "connected") return;
    const heard = presence.available("gateway").flatMap(toGateway);
    const settling = clock.nowMs() - connectedAtMs <= PRESENCE_EXPIRY_MS;
    known = settling ? merge(known, heard) : heard;
  };
  const cancel = clock.every(REFRESH_INTERVAL_MS, refresh);
  return {
    gateways() {
      // The first gateway of a fleet counts at once: a client told of nobody stays away a minute.
      if (known.length === 0) refresh();
      return known;
    },
    stop() {
      cancel();
      presence.stop();
    },
  };
}

/** A reply carries addresses, so a gateway that advertises a host name is left out, said once. */
function gatewayReader(log: Log): (presence: Presence) => LiveGateway[] {
  const told = new Set<string>();
  return ({ id, load, peerAddress }) => {
    if (peerAddress === null) return [];
    const endpoint = endpointOf(peerAddress.host, peerAddress.port);
    if (endpoint !== null) return [{ id, endpoint, load }];
    if (!told.has(id)) {
      log.warn("gateway not handed out: its advertised host is not an IP address", {
        gateway: id,
        host: peerAddress.host,
      });
    }
    told.add(id);
    return [];
  };
}

function merge(known: readonly LiveGateway[], heard: readonly LiveGateway[]): LiveGateway[] {
  const byId = new Map([...known, ...heard].map((gateway) => [gateway.id, gateway]));
  return [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
