import { randomBytes, randomInt } from "node:crypto";
import {
  type AnnounceFields,
  parseTrackerUrl,
  type TrackerUrl,
  trackerLabel,
  withoutSecrets,
} from "@seedfleet/announce";
import { type InfoHash, infoHashFromBytes, peerIdFromBytes } from "@seedfleet/bytes";
import type { FleetCheckup } from "@seedfleet/contracts";
import { OutboundRule, TrackerClients } from "@seedfleet/gateway/service";
import { type Clock, systemRng } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { lookWithin } from "./look.ts";
import type { AskedConsole, AskedTracker, TrackerAnswer } from "./observed.ts";

/** A tracker that is there answers within a second; a datagram may have to be sent again. */
const ASK_MS_MAX = 5_000;

/** Any will do: nobody is told of a peer that says it goes. */
const PORT_SAID = 6_881;

type TrackerAt = { readonly id: string; readonly url: string };

/** Announces to every tracker of the fleet over each of its ways, and leaves no peer behind. */
export async function askTrackers(
  clock: Clock,
  { processes, infoHash }: FleetCheckup,
): Promise<readonly AskedTracker[]> {
  const trackers = processes.flatMap(({ presence: { role, id, draining, urls } }) =>
    role === "tracker" && !draining ? urls.map((url) => ({ id, url })) : [],
  );
  return await announceTo(clock, trackers, infoHash);
}

/** The same to trackers anywhere. What is no URL of a tracker's is left out. */
export async function announceTo(
  clock: Clock,
  trackers: readonly TrackerAt[],
  infoHash: InfoHash | null,
): Promise<readonly AskedTracker[]> {
  await using clients = new TrackerClients({
    clock,
    meter: silentTelemetry.meter,
    chance: systemRng,
    // Only the fleet's own trackers are asked, wherever they are.
    rule: new OutboundRule("allowed", "127.0.0.1"),
  });
  const answers = trackers.map(async ({ id, url }): Promise<AskedTracker | null> => {
    const tracker = parseTrackerUrl(url);
    if (tracker === null) return null;
    const looked = await lookWithin(clock, ASK_MS_MAX, (signal) =>
      announce(clients, { tracker, infoHash }, signal),
    );
    return { id, url: trackerLabel(tracker), scheme: tracker.scheme, looked };
  });
  return (await Promise.all(answers)).filter((each) => each !== null);
}

/** Says at once that the peer goes, so that the tracker remembers none. */
async function announce(
  clients: TrackerClients,
  { tracker, infoHash }: { readonly tracker: TrackerUrl; readonly infoHash: InfoHash | null },
  signal: AbortSignal,
): Promise<TrackerAnswer> {
  const fields: AnnounceFields = {
    infoHash: infoHash ?? infoHashFromBytes(randomBytes(20)),
    peerId: peerIdFromBytes(randomBytes(20)),
    ...{ port: PORT_SAID, uploadedBytes: 0, downloadedBytes: 0, leftBytes: null },
    ...{ numWant: 0, key: randomInt(2 ** 32), trackerId: null },
    event: "stopped",
  };
  const outcome = await clients.announce({ tracker, fields }, signal);
  if (outcome.kind === "reply") return { kind: "answered" };
  if (outcome.kind === "violation") return { kind: "away", reason: "no tracker answers there" };
  return {
    kind: outcome.kind === "refusal" ? "refused" : "away",
    reason: withoutSecrets(outcome.reason, tracker),
  };
}

/** Asks every console of the fleet for its first page. */
export async function askConsoles(
  clock: Clock,
  { processes }: FleetCheckup,
): Promise<readonly AskedConsole[]> {
  const consoles = processes.flatMap(({ presence: { role, id, draining, urls } }) =>
    role === "console" && !draining ? urls.map((url) => ({ id, url })) : [],
  );
  return await Promise.all(
    consoles.map(async ({ id, url }) => {
      const looked = await lookWithin(clock, ASK_MS_MAX, async (signal) => {
        const response = await fetch(url, { signal, headers: { connection: "close" } });
        await response.body?.cancel();
        return response.status;
      });
      return { id, url, looked };
    }),
  );
}
