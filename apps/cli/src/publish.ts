import { chooseStore } from "./choose-store.ts";
import { connectFleet, torrentUrl } from "./fleet-connection.ts";
import type { PublishOptions } from "./publish-options.ts";
import { publishPath } from "./publish-paths.ts";
import type { Reporter } from "./reporter.ts";

/** `seedfleet publish`: has a piece-store of a running fleet publish paths that it can read. */
export async function publish(options: PublishOptions, reporter: Reporter): Promise<void> {
  await using fleet = await connectFleet("publish", options.natsUrl);
  const { bus, clock, presence } = fleet;
  const holder = await chooseStore(fleet, { purpose: "publish", named: options.store });
  for (const path of options.paths) {
    const publication = { path, mirrors: options.mirrors, options: options.torrent };
    const entry = await publishPath({ bus, clock, reporter, holder }, publication);
    reporter.listed({
      name: entry.name,
      infoHash: entry.infoHash,
      sizeBytes: entry.contentBytes,
      torrentUrl: torrentUrl(presence, entry.infoHash),
    });
  }
}
