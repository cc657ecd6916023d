import { type HostPort, MIRROR_GATEWAYS_MAX, MIRROR_PEERS_MAX } from "@seedfleet/contracts";
import { usageError } from "./usage-error.ts";

/** Two gateways fill most links, and one of them may go. */
const GATEWAYS_DEFAULT = 2;

/** A DNS name, an IPv4 address, or an IPv6 address in brackets; then the port. */
const PEER = /^(?:\[(?<ipv6>[0-9a-f:.]{2,45})\]|(?<name>[-_.a-z0-9]{1,253})):(?<port>\d{1,5})$/i;

const TRACKER = /^(?:https?|udp):\/\/./i;
const URL_LENGTH_MAX = 2_048;
const PORT_MAX = 65_535;
const TRACKERS_NAMED_MAX = 32;

/** How a foreign swarm is downloaded from. */
export type SwarmOptions = {
  /** How many gateways do it together. */
  readonly gateways: number;
  readonly peers: readonly HostPort[];
  readonly trackers: readonly string[];
  readonly dht: boolean;
};

type Repeated = { readonly type: "string"; readonly multiple: true };

/** The flags that say how. */
export const SWARM_FLAGS: {
  readonly gateways: { readonly type: "string" };
  readonly peer: Repeated;
  readonly tracker: Repeated;
  readonly dht: { readonly type: "boolean" };
} = {
  gateways: { type: "string" },
  peer: { type: "string", multiple: true },
  tracker: { type: "string", multiple: true },
  dht: { type: "boolean" },
};

type SwarmValues = {
  readonly gateways?: string | undefined;
  readonly peer?: readonly string[] | undefined;
  readonly tracker?: readonly string[] | undefined;
  readonly dht?: boolean | undefined;
};

/** The lines of a command's help that tell of these flags. */
export const SWARM_USAGE: string = `\
  --gateways N             gateways that download it together (${GATEWAYS_DEFAULT})
  --peer HOST:PORT         somebody who has it; may be given several times
  --tracker URL            one more tracker, http, https or udp; may be given several times
  --dht                    seek peers in the DHT, too
`;

/** Throws `usage` with one line that says what to do. */
export function swarmOptions(values: SwarmValues): SwarmOptions {
  const { peer = [], tracker = [], dht = false } = values;
  if (peer.length > MIRROR_PEERS_MAX) {
    throw usageError(`--peer may be given ${MIRROR_PEERS_MAX} times at most`);
  }
  if (tracker.length > TRACKERS_NAMED_MAX) {
    throw usageError(`--tracker may be given ${TRACKERS_NAMED_MAX} times at most`);
  }
  const gateways = gatewayCount(values.gateways);
  return { gateways, peers: peer.map(peerAddress), trackers: tracker.map(trackerUrl), dht };
}

/** Whether a tracker is of a kind that a gateway can ask. */
export function isTrackerUrl(text: string): boolean {
  return TRACKER.test(text) && URL.canParse(text) && text.length <= URL_LENGTH_MAX;
}

function gatewayCount(value: string | undefined): number {
  if (value === undefined) return GATEWAYS_DEFAULT;
  const count = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (count >= 1 && count <= MIRROR_GATEWAYS_MAX) return count;
  throw usageError(`--gateways is a number from 1 to ${MIRROR_GATEWAYS_MAX}, not "${value}"`);
}

function peerAddress(value: string): HostPort {
  const { ipv6, name, port = "" } = PEER.exec(value)?.groups ?? {};
  const host = ipv6 ?? name;
  const number = Number(port);
  if (host !== undefined && number >= 1 && number <= PORT_MAX) return { host, port: number };
  throw usageError(`--peer is HOST:PORT or [IPv6]:PORT, not "${value}"`);
}

function trackerUrl(value: string): string {
  if (isTrackerUrl(value)) return value;
  throw usageError(`--tracker is an http, https or udp URL, not "${value}"`);
}
