import type { Bus } from "@seedfleet/bus";
import { endpointOf } from "@seedfleet/bytes";
import { PRESENCE_EXPIRY_MS, type Presence } from "@seedfleet/contracts";
import { watchPresence } from "@seedfleet/fleet";
import type { Clock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { LiveGateway } from "./gateway-board.ts";

/** So long a draining gateway may still be handed out. */
const REFRESH_INTERVAL_MS = 500;

/**
 * Tells of the gateways of the fleet that may be handed out, from presence: live and not draining.
 * While the bus is away, and until everyone had the time to say again that it is there, those known
 * before count as live: silence says nothing then.
 */
export function tellGateways(
  ports: { readonly bus: Bus; readonly clock: Clock; readonly log: Log },
  tell: (gateways: readonly LiveGateway[]) => void,
): { stop(): void } {
  const { bus, clock } = ports;
  const presence = watchPresence(ports, ["gateway"]);
  const toGateway = gatewayReader(ports.log);
  let known: readonly LiveGateway[] = [];
  let connectedAtMs = -Infinity;
  let stopped = false;
  bus.onStatus((status) => {
    if (status === "connected") connectedAtMs = clock.nowMs();
  });

  const refresh = (): void => {
    if (stopped || bus.status !== "connected") return;
    const heard = presence.present("gateway");
    const live = heard.filter(({ draining }) => !draining).flatMap(toGateway);
    // Silence says nothing while they settle, but whoever drains has said so.
    const settling = clock.nowMs() - connectedAtMs <= PRESENCE_EXPIRY_MS;
    const spoke = new Set(heard.map(({ id }) => id));
    const silent = settling ? known.filter(({ id }) => !spoke.has(id)) : [];
    known = [...silent, ...live].toSorted(byId);
    tell(known);
    if (heard.length === 0) awaitFirst();
  };
  // The first gateway of a fleet counts at once: a client told of nobody stays away a minute.
  let awaiting = false;
  const awaitFirst = (): void => {
    if (awaiting) return;
    awaiting = true;
    void presence.first("gateway").then(() => {
      awaiting = false;
      if (known.length === 0) refresh();
    });
  };
  const cancel = clock.every(REFRESH_INTERVAL_MS, refresh);
  awaitFirst();
  return {
    stop() {
      stopped = true;
      cancel();
      presence.stop();
    },
  };
}

/** A reply carries addresses, so a gateway that advertises a host name is left out, said once. */
function gatewayReader(log: Log): (presence: Presence) => LiveGateway[] {
  const told = new Set<string>();
  return ({ id, load, peerAddress, zone = null }) => {
    if (peerAddress === null) return [];
    const endpoint = endpointOf(peerAddress.host, peerAddress.port);
    if (endpoint !== null) return [{ id, endpoint, load, zone }];
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

function byId(a: LiveGateway, b: LiveGateway): number {
  return a.id < b.id ? -1 : 1;
}
