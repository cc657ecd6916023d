import type { GatewayPresence, Presence } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { formatBytes, formatDuration } from "./format.ts";
import type { GatewaysOptions } from "./gateways-options.ts";
import { gatherPresence } from "./gather-presence.ts";
import { printable } from "./printable.ts";
import { joinHostPort } from "./reachable-host.ts";
import { TorrentNames } from "./torrent-names.ts";

/** Hot torrents that a person is told of by name; a program is told of all. */
const NAMED_MAX = 3;

/** A gateway as `--json` tells of it. */
type DescribedGateway = Pick<Presence, "id" | "version" | "draining" | "load" | "peerAddress"> &
  GatewayPresence & {
    /** Since it was started. */
    readonly upMs: number;
    /** Null where it names none. */
    readonly zone: string | null;
  };

/** `seedfleet gateways`: lists the gateways of a running fleet, and how each is. */
export async function gateways(
  options: GatewaysOptions,
  print: (text: string) => void,
): Promise<void> {
  await using fleet = await connectFleet("gateways", options.natsUrl);
  await listGateways(fleet, { json: options.json, print });
}

export async function listGateways(
  fleet: Fleet,
  { json, print }: { readonly json: boolean; readonly print: (text: string) => void },
): Promise<void> {
  const present = await gatherPresence(fleet, "gateway");
  const nowMs = fleet.clock.nowMs();
  const described = present.flatMap((presence) => describe(presence, nowMs));
  if (json) {
    for (const each of described) print(`${JSON.stringify({ event: "gateway", ...each })}\n`);
    return;
  }
  if (described.length === 0) return print("No gateway is running\n");
  const names = new TorrentNames(await openCatalog(fleet.bus, silentTelemetry.log));
  for (const each of described) print(await text(each, names));
}

function describe({ gateway, ...presence }: Presence, nowMs: number): DescribedGateway[] {
  if (gateway === null) return [];
  const { id, version, draining, load, peerAddress, startedAtMs, zone = null } = presence;
  // Another machine's clock may be ahead of ours.
  const upMs = Math.max(0, Math.round(nowMs - startedAtMs));
  return [{ id, version, draining, load, peerAddress, zone, upMs, ...gateway }];
}

async function text(gateway: DescribedGateway, names: TorrentNames): Promise<string> {
  const { id, peerAddress, zone, draining, peers, peersMax, load, uploadBytesPerSecond } = gateway;
  const { cacheBytes, cacheBytesMax, hot, upMs } = gateway;
  const address = peerAddress === null ? "no address" : printable(joinHostPort(peerAddress));
  const where = zone === null ? [] : [`zone ${zone}`];
  const marks = [...where, reachText(gateway), ...(draining ? ["draining"] : [])].join(", ");
  const full = Math.round(load * 100);
  const cache = `cache ${formatBytes(cacheBytes)} of ${formatBytes(cacheBytesMax)}`;
  const lines = [
    `${id}  ${address}  ${marks}`,
    `${peers} of ${peersMax} peers, ${full} % full  ${formatBytes(uploadBytesPerSecond)}/s  ` +
      `${cache}  up ${formatDuration(upMs)}`,
  ];
  for (const infoHash of hot.slice(0, NAMED_MAX)) {
    lines.push(`hot: ${printable(await names.of(infoHash))}  ${infoHash}`);
  }
  if (hot.length > NAMED_MAX) lines.push(`and ${hot.length - NAMED_MAX} more hot torrents`);
  return `${lines.join("\n  ")}\n`;
}

function reachText({ reachable }: GatewayPresence): string {
  if (reachable === null) return "not known whether reachable";
  return reachable ? "reachable" : "NOT REACHABLE";
}
