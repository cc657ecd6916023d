import { type Endpoint, endpointFamily } from "@seedfleet/bytes";

/** Enough to survive a gateway's end; more would keep peers from serving each other. */
export const GATEWAYS_PER_REPLY_MAX = 4;

/** Loads this near are the same: presence is up to 2 s old, and a finer order would herd peers. */
const LOAD_STEP = 0.1;

export type LiveGateway = {
  readonly id: string;
  readonly endpoint: Endpoint;
  /** How full it is, from 0 to 1 and beyond. */
  readonly load: number;
};

export type GatewayChoice = {
  readonly asker: Endpoint;
  /** Counts the replies, so that equally loaded gateways take turns. */
  readonly turn: number;
  readonly gatewaysMax: number;
};

/**
 * The gateways one reply hands out: the asker's address family first, since it surely reaches
 * that, then the least loaded, taking turns where they are equal. Never the asker itself.
 */
export function chooseGateways(
  gateways: readonly LiveGateway[],
  { asker, turn, gatewaysMax }: GatewayChoice,
): LiveGateway[] {
  if (gateways.length === 0 || gatewaysMax === 0) return [];
  const first = turn % gateways.length;
  const family = endpointFamily(asker);
  const rank = ({ endpoint, load }: LiveGateway): number =>
    (endpointFamily(endpoint) === family ? 0 : Number.MAX_SAFE_INTEGER / 2) +
    Math.floor(load / LOAD_STEP);
  return [...gateways.slice(first), ...gateways.slice(0, first)]
    .filter(({ endpoint }) => endpoint !== asker)
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, gatewaysMax);
}
