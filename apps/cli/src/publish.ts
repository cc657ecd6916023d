import { type PresenceWatch, watchPresence } from "@seedfleet/fleet";
import { type Clock, delay, loadConfig, SeedfleetError, systemClock } from "@seedfleet/runtime";
import { connectBus, natsConfig } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import type { PublishOptions } from "./publish-options.ts";
import { publishPath } from "./publish-paths.ts";
import type { Reporter } from "./reporter.ts";

/** A running fleet answers the question who is there at once. */
const PRESENCE_WAIT_MS = 3_000;

/** `seedfleet publish`: has a piece-store of a running fleet publish paths that it can read. */
export async function publish(options: PublishOptions, reporter: Reporter): Promise<void> {
  const clock = systemClock;
  const nats = loadConfig(natsConfig, process.env);
  const servers = options.natsUrl === null ? nats.servers : [options.natsUrl];
  const ports = { clock, telemetry: silentTelemetry };
  await using running = new AsyncDisposableStack();
  const bus = await connectBus({ ...nats, servers }, { ...ports, name: "seedfleet-publish" });
  running.defer(() => bus.close());

  const presence = watchPresence({ bus, clock }, ["piece-store", "console"]);
  running.defer(() => presence.stop());
  const holder = options.store ?? (await onlyStore(presence, clock));
  for (const path of options.paths) {
    const request = { path, private: options.private };
    const entry = await publishPath({ bus, clock, reporter, holder }, request);
    const [consoleUrl] = presence.available("console").flatMap(({ urls }) => urls);
    reporter.listed({
      name: entry.name,
      infoHash: entry.infoHash,
      sizeBytes: entry.sizeBytes,
      torrentUrl:
        consoleUrl === undefined ? null : `${consoleUrl}/torrents/${entry.infoHash}.torrent`,
    });
  }
}

async function onlyStore(presence: PresenceWatch, clock: Clock): Promise<string> {
  await Promise.race([presence.first("piece-store"), delay(clock, PRESENCE_WAIT_MS)]);
  const ids = presence.available("piece-store").map(({ id }) => id);
  const [only] = ids;
  if (only !== undefined && ids.length === 1) return only;
  const reason =
    only === undefined
      ? "no piece-store is running; start one"
      : `there are several piece-stores; name one with --store: ${ids.join(", ")}`;
  throw new SeedfleetError(`Cannot publish: ${reason}`, { code: "piece-store-unclear" });
}
