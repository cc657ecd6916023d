import { peerIdBytes } from "@seedfleet/bytes";
import type { ChokingMoment } from "@seedfleet/contracts";
import {
  decisionText,
  type ExplainedPeer,
  explainPeer,
  openCatalog,
  whyText,
} from "@seedfleet/fleet";
import { SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import type { ExplainOptions } from "./explain-options.ts";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { formatBytes, formatCount, formatDuration } from "./format.ts";
import { gatherPresence } from "./gather-presence.ts";
import { printable } from "./printable.ts";
import { joinHostPort } from "./reachable-host.ts";
import { TorrentNames } from "./torrent-names.ts";

type Connection = ExplainedPeer["connections"][number];

/** `seedfleet explain`: tells why a peer may or may not download just now. */
export async function explain(
  options: ExplainOptions,
  print: (text: string) => void,
): Promise<void> {
  await using fleet = await connectFleet("explain", options.natsUrl);
  await explainTo(fleet, options, print);
}

/** Asks every gateway. Throws where none runs, or none knows of the peer. */
export async function explainTo(
  fleet: Fleet,
  { peer, named, infoHash, json }: Omit<ExplainOptions, "natsUrl">,
  print: (text: string) => void,
): Promise<void> {
  const gateways = (await gatherPresence(fleet, "gateway")).map(({ id }) => id);
  if (gateways.length === 0) {
    const message = "Cannot explain: no gateway is running";
    throw new SeedfleetError(message, { code: "gateway-unknown" });
  }
  const explained = await explainPeer(fleet.bus, gateways, { peer, infoHash });
  const { connections, leftOut, silent } = explained;
  for (const { gateway, code } of silent) {
    if (json) print(`${JSON.stringify({ event: "gateway-silent", gateway, code })}\n`);
    else print(`${gateway} does not answer: ${code}\n`);
  }
  if (connections.length === 0) {
    const asked = formatCount(gateways.length - silent.length, "gateway");
    const where = infoHash === null ? "" : ` in ${infoHash}`;
    const message = `Cannot explain "${named}"${where}: none of ${asked} has such a peer`;
    throw new SeedfleetError(message, { code: "peer-unknown" });
  }
  const names = new TorrentNames(await openCatalog(fleet.bus, silentTelemetry.log));
  for (const each of connections) {
    if (json) print(`${JSON.stringify({ event: "connection", ...each, why: whyText(each) })}\n`);
    else print(text(each, await names.of(each.infoHash)));
  }
  if (leftOut > 0 && json)
    print(`${JSON.stringify({ event: "left-out", connections: leftOut })}\n`);
  else if (leftOut > 0) print(`and ${formatCount(leftOut, "connection")} more\n`);
}

function text(connection: Connection, torrent: string): string {
  const { gateway, host, listenPort, peerId, nowMs } = connection;
  const address = listenPort === null ? host : joinHostPort({ host, port: listenPort });
  const lines = [
    `${printable(address)}  ${clientText(peerId)}  at ${gateway}  ${printable(torrent)}`,
    whyText(connection),
    progressText(connection),
    ...connection.moments.map((moment) => momentText(moment, nowMs)),
  ];
  return `${lines.join("\n  ")}\n`;
}

/** What a peer id begins with mostly says which client it is (BEP 20). */
function clientText(peerId: Connection["peerId"]): string {
  const characters = Buffer.from(peerIdBytes(peerId)).toString("latin1");
  return /^-[!-~]{6}-/.test(characters) ? characters.slice(0, 8) : peerId;
}

function progressText(connection: Connection): string {
  const { nowMs, connectedAtMs, haveBytes, contentBytes, unchokedAtMs } = connection;
  const { amChoking, sentBytes, uploadBytesPerSecond } = connection;
  const share = Math.floor((100 * (haveBytes ?? 0)) / Math.max(1, contentBytes));
  const told = [
    `connected ${formatDuration(nowMs - connectedAtMs)}`,
    haveBytes === null ? "says not what it has" : `has ${share} % of ${formatBytes(contentBytes)}`,
    `sent ${formatBytes(sentBytes)}, now ${formatBytes(uploadBytesPerSecond)}/s`,
    unchokedAtMs === null ? "had no slot yet" : slotText(nowMs - unchokedAtMs, amChoking),
  ];
  return told.join("; ");
}

function slotText(unchokedMs: number, amChoking: boolean): string {
  const since = formatDuration(unchokedMs);
  return amChoking ? `last got a slot ${since} ago` : `has its slot for ${since}`;
}

function momentText(moment: ChokingMoment, nowMs: number): string {
  const { atMs, round, decidedBy } = moment;
  const by = decidedBy === null ? "the gateway alone" : decidedBy;
  const when = round === null ? "between rounds" : `round ${round} of ${by}`;
  return `${formatDuration(nowMs - atMs)} ago, ${when}: ${decisionText(moment)}`;
}
