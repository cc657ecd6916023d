import type { Bus } from "@seedfleet/bus";
import { endpointOf } from "@seedfleet/bytes";
import { PRESENCE_EXPIRY_MS, type Presence } from "@seedfleet/contracts";
import { watchPresence } from "@seedfleet/fleet";
import type { Clock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { GatewayBoard, type LiveGateway } from "./gateway-board.ts";
import type { ZoneTable } from "./zone-table.ts";

/** So long a draining gateway may still be handed out; presence is not sorted on every announce. */
const REFRESH_INTERVAL_MS = 500;

export type GatewayWatch = {
  /** Live and not draining; made anew every half a second. */
  board(): GatewayBoard;
  stop(): void;
};

/**
 * The gateways of the fleet, from presence. While the bus is away, and until everyone had the time
 * to say again that it is there, those known before count as live: silence says nothing then.
 */
export function watchGateways(
  ports: { readonly bus: Bus; readonly clock: Clock },
  zones: ZoneTable,
  log: Log,
): GatewayWatch {
  const { bus, clock } = ports;
  const presence = watchPresence(ports, ["gateway"]);
  const toGateway = gatewayReader(log);
  let board = GatewayBoard.empty;
  let connectedAtMs = -Infinity;
  bus.onStatus((status) => {
    if (status === "connected") connectedAtMs = clock.nowMs();
  });

  const refresh = (): void => {
    if (bus.status !== "connected") return;
    const heard = presence.present("gateway");
    const live = heard.filter(({ draining }) => !draining).flatMap(toGateway);
    const settling = clock.nowMs() - connectedAtMs <= PRESENCE_EXPIRY_MS;
    if (!settling) {
      board = new GatewayBoard(live, zones);
      return;
    }
    // Silence says nothing then, but whoever drains has said so.
    const spoke = new Set(heard.map(({ id }) => id));
    const silent = board.gateways.filter(({ id }) => !spoke.has(id));
    board = new GatewayBoard([...silent, ...live].toSorted(byId), zones);
  };
  const cancel = clock.every(REFRESH_INTERVAL_MS, refresh);
  return {
    board() {
      // The first gateway of a fleet counts at once: a client told of nobody stays away a minute.
      if (board.count === 0) refresh();
      return board;
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
