import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { catalogChangedEvent } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { VERSION } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { STORE, startOwnFleet, tell } from "../download/own-fleet.ts";
import { publishFile } from "../fleet/publish-file.ts";

/** What a seed's process is told, as JSON in its only argument. */
export type OwnSeedSpec = {
  readonly contentFile: string;
  /** Where the .torrent goes. */
  readonly torrent: string;
  readonly pieceLengthBytes: number;
  readonly uploadBytesPerSecond: number;
  readonly superSeeds: boolean;
};

/** A fleet in one process that has the content; a line `uploaded…` has it tell so many bytes. */
async function main({ superSeeds, torrent, ...spec }: OwnSeedSpec): Promise<void> {
  await using running = new AsyncDisposableStack();
  const { contentFile, pieceLengthBytes, uploadBytesPerSecond } = spec;
  const roots = [dirname(contentFile)];
  const fleet = { managedRoot: null, roots, uploadBytesPerSecond, hasScheduler: true };
  const { bus, peerPort, sentBytes } = await startOwnFleet(fleet, running);
  const wanted = { holder: STORE, contentFile, pieceLengthBytes, version: "v1" as const };
  const infoHash = await publishFile(bus, wanted);
  await writeFile(torrent, await setUp(bus, infoHash, superSeeds));
  tell("listening", { port: peerPort, version: VERSION });
  const lines = createInterface({ input: process.stdin });
  process.once("SIGTERM", () => lines.close());
  for await (const line of lines) {
    if (line.startsWith("uploaded")) tell(line, { bytes: await sentBytes() });
  }
}

/** Gives the .torrent. */
async function setUp(bus: Bus, infoHash: InfoHash, superSeeding: boolean): Promise<Uint8Array> {
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const choking = { policy: null, weight: 1, superSeeding };
  await catalog.change(infoHash, (before) => (before === null ? null : { ...before, choking }));
  bus.publish(catalogChangedEvent, {}, { infoHash });
  return (await catalog.metainfo(infoHash)) ?? new Uint8Array(0);
}

await main(JSON.parse(process.argv[2] ?? "null"));
