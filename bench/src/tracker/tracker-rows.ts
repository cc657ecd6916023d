import type { HttpClients, UdpClients } from "./load-spec.ts";
import type { Tracker } from "./tracker-process.ts";

/** Announces without an answer, of all sockets together: as many as a socket has room for. */
const OUTSTANDING = 128;
const WINDOW_MAX = 64;

/** Clients that announce by HTTP at once, where a row has no other number. */
const HTTP_CLIENTS = 64;

/** What a row compares: trackers, ours with itself, or what is left of it in memory. */
export type RowKind = "load" | "workers" | "telemetry" | "latency" | "memory";

export type Clients =
  | { readonly kind: "udp"; readonly sockets: number }
  | { readonly kind: "http"; readonly keepAlive: boolean; readonly connections: number };

export type TrackerRow = {
  readonly kind: RowKind;
  readonly title: string;
  readonly clients: Clients;
};

const udp = (sockets: number): Clients => ({ kind: "udp", sockets });
const http = (keepAlive: boolean, connections: number = HTTP_CLIENTS): Clients => ({
  ...{ kind: "http", keepAlive, connections },
});

/** Every row by its name on the command line, in the order of the report. */
export const TRACKER_ROWS: Readonly<Record<string, TrackerRow>> = {
  "udp-1": { kind: "load", title: "UDP, 1 socket", clients: udp(1) },
  "udp-4": { kind: "load", title: "UDP, 4 sockets", clients: udp(4) },
  "udp-16": { kind: "load", title: "UDP, 16 sockets", clients: udp(16) },
  http: { kind: "load", title: "HTTP, a connection each", clients: http(false) },
  "http-kept": { kind: "load", title: "HTTP, kept alive", clients: http(true) },
  "workers-udp": { kind: "workers", title: "UDP, 16 sockets", clients: udp(16) },
  "workers-http": { kind: "workers", title: "HTTP, kept alive", clients: http(true) },
  "workers-http-256": { kind: "workers", title: "HTTP, 256 kept alive", clients: http(true, 256) },
  "workers-http-each": {
    ...{ kind: "workers", title: "HTTP, a connection each", clients: http(false) },
  },
  "telemetry-udp": { kind: "telemetry", title: "UDP, 16 sockets", clients: udp(16) },
  "telemetry-http": { kind: "telemetry", title: "HTTP, kept alive", clients: http(true) },
  "latency-udp": { kind: "latency", title: "UDP, 16 sockets", clients: udp(16) },
  "latency-http": { kind: "latency", title: "HTTP, a connection each", clients: http(false) },
  "latency-http-kept": { kind: "latency", title: "HTTP, kept alive", clients: http(true) },
  memory: { kind: "memory", title: "UDP, 16 sockets", clients: udp(16) },
};

/** How many sources the clients of a row have. */
export function sourcesOf(clients: Clients): number {
  return clients.kind === "udp" ? clients.sockets : clients.connections;
}

/** The clients against a tracker; null when it does not speak what they do. */
export function clientsOf(
  clients: Clients,
  { udp: to, http: target }: Pick<Tracker, "udp" | "http">,
): UdpClients | HttpClients | null {
  if (clients.kind === "http") {
    return target === null ? null : { ...clients, target };
  }
  const { sockets } = clients;
  const window = Math.min(WINDOW_MAX, Math.floor(OUTSTANDING / sockets));
  return to === null ? null : { kind: "udp", to, sockets, window };
}
