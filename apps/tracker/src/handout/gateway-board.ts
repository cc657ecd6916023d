import { type Endpoint, endpointFamily } from "@seedfleet/bytes";
import { type GatewayOrder, orderGateways } from "./gateway-order.ts";
import { ZONE_UNKNOWN, ZoneTable } from "./zone-table.ts";

/** Sets of zones of which a board keeps its part; what is asked for beyond is made each time. */
const PARTS_MAX = 1_024;

export type LiveGateway = {
  readonly id: string;
  readonly endpoint: Endpoint;
  /** How full it is, from 0 to 1 and beyond. */
  readonly load: number;
  /** Null where its settings name none. */
  readonly zone: string | null;
};

export type EndpointBytes = 6 | 18;

/** The gateways of one address family, least loaded first, as they go out. */
export class GatewayList {
  readonly gateways: readonly LiveGateway[];
  readonly endpointBytes: EndpointBytes;
  /** The compact endpoints of all, in the same order. */
  readonly endpoints: Uint8Array;
  /** 1 at the sum of what few endpoints but these have: most are told from them by one look. */
  readonly #traces = new Uint8Array(256);
  /** The least loaded first. */
  readonly order: GatewayOrder;
  /** The number of each one's zone. */
  readonly #zones: readonly number[];
  readonly #nearOrders = new Map<number, GatewayOrder>();

  constructor(gateways: readonly LiveGateway[], endpointBytes: EndpointBytes, zones: ZoneTable) {
    this.gateways = gateways;
    this.endpointBytes = endpointBytes;
    this.endpoints = Buffer.from(gateways.map(({ endpoint }) => endpoint).join(""), "latin1");
    for (let place = 0; place < gateways.length; place += 1) {
      this.#traces[traceOf(this.endpoints, place * endpointBytes, endpointBytes)] = 1;
    }
    this.order = orderGateways(gateways, () => true);
    this.#zones = gateways.map(({ zone }) => zones.zoneNamed(zone));
  }

  get count(): number {
    return this.gateways.length;
  }

  /** Whether the endpoint of this family that begins at `at` may be one of these. */
  mayHave(endpoints: Uint8Array, at: number): boolean {
    return this.#traces[traceOf(endpoints, at, this.endpointBytes)] === 1;
  }

  /** Whether the gateway at `place` has the endpoint of this family that begins at `at`. */
  isAt(place: number, endpoints: Uint8Array, at: number): boolean {
    const begin = place * this.endpointBytes;
    // From the end: ports and last bytes differ, networks may be the same.
    for (let byte = this.endpointBytes - 1; byte >= 0; byte -= 1) {
      if (this.endpoints[begin + byte] !== endpoints[at + byte]) return false;
    }
    return true;
  }

  /** Those of the zone first; the same as `order` where none is in it. */
  orderNear(zone: number): GatewayOrder {
    if (zone === ZONE_UNKNOWN) return this.order;
    const known = this.#nearOrders.get(zone);
    if (known !== undefined) return known;
    if (!this.#zones.includes(zone)) return this.order;
    const order = orderGateways(this.gateways, (place) => this.#zones[place] === zone);
    this.#nearOrders.set(zone, order);
    return order;
  }
}

/** A byte of an endpoint: the last ones of address and port added, which differ the most. */
function traceOf(endpoints: Uint8Array, at: number, endpointBytes: EndpointBytes): number {
  const end = at + endpointBytes;
  return ((endpoints[end - 1] ?? 0) + (endpoints[end - 3] ?? 0)) & 0xff;
}

/**
 * The gateways that may be handed out, laid out once for the many announces until presence is read
 * again: lists by family, endpoints as bytes, and who comes first.
 */
export class GatewayBoard {
  static readonly empty: GatewayBoard = new GatewayBoard([], ZoneTable.empty);

  readonly gateways: readonly LiveGateway[];
  readonly ipv4: GatewayList;
  readonly ipv6: GatewayList;
  readonly #zones: ZoneTable;
  readonly #parts = new Map<readonly string[], GatewayBoard>();

  /** In the order of their ids, so that equally loaded ones are in the same order every time. */
  constructor(told: readonly LiveGateway[], zones: ZoneTable) {
    // One that was killed and runs again under another id is there twice until its old id expires.
    const gateways = [...new Map(told.map((gateway) => [gateway.endpoint, gateway])).values()];
    this.gateways = gateways;
    this.#zones = zones;
    const of = (family: "ipv4" | "ipv6"): LiveGateway[] =>
      gateways.filter(({ endpoint }) => endpointFamily(endpoint) === family);
    this.ipv4 = new GatewayList(of("ipv4"), 6, zones);
    this.ipv6 = new GatewayList(of("ipv6"), 18, zones);
  }

  get count(): number {
    return this.gateways.length;
  }

  ofFamily(endpointBytes: EndpointBytes): GatewayList {
    return endpointBytes === 6 ? this.ipv4 : this.ipv6;
  }

  /**
   * Those that may serve a torrent kept to these zones; null keeps it to none. The part is kept for
   * the next announce, by the array itself: give the same one for the same zones.
   */
  serving(zones: readonly string[] | null): GatewayBoard {
    if (zones === null) return this;
    const known = this.#parts.get(zones);
    if (known !== undefined) return known;
    const inside = this.gateways.filter(({ zone }) => zone !== null && zones.includes(zone));
    const part = new GatewayBoard(inside, this.#zones);
    if (this.#parts.size < PARTS_MAX) this.#parts.set(zones, part);
    return part;
  }
}
