import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { type PresenceWatch, watchPresence } from "@seedfleet/fleet";
import { type Clock, loadConfig, systemClock } from "@seedfleet/runtime";
import { connectBus, natsConfig } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";

/** What a command needs of a running fleet. */
export type Fleet = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly presence: PresenceWatch;
};

/** Joins a fleet's bus for as long as a command runs. Null as URL leaves it to the settings. */
export async function connectFleet(
  command: string,
  natsUrl: string | null,
): Promise<Fleet & AsyncDisposable> {
  const clock = systemClock;
  const nats = loadConfig(natsConfig, process.env);
  const servers = natsUrl === null ? nats.servers : [natsUrl];
  const ports = { clock, telemetry: silentTelemetry, name: `seedfleet-${command}` };
  const bus = await connectBus({ ...nats, servers }, ports);
  const presence = watchPresence({ bus, clock }, ["piece-store", "console", "gateway"]);
  return {
    ...{ bus, clock, presence },
    async [Symbol.asyncDispose]() {
      presence.stop();
      await bus.close();
    },
  };
}

/** Where a console of the fleet gives the `.torrent`; null when none is running. */
export function torrentUrl(presence: PresenceWatch, infoHash: InfoHash): string | null {
  const [consoleUrl] = presence.available("console").flatMap(({ urls }) => urls);
  return consoleUrl === undefined ? null : `${consoleUrl}/torrents/${infoHash}.torrent`;
}
