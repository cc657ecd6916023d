import { realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { progress } from "../run-bench.ts";
import { type Seeder, type SeederContent, startLibtorrent, startSeedfleet } from "./seeder.ts";
import { type SeederName, seederLabel } from "./seeder-name.ts";

export type StartedSeeders = {
  readonly seeders: readonly Seeder[];
  /** Why those that were asked for and are not installed are not there. */
  readonly missing: readonly string[];
};

/** Starts them all on the same content; from now on they run side by side. */
export async function startSeeders(
  names: readonly SeederName[],
  content: SeederContent,
  running: AsyncDisposableStack,
): Promise<StartedSeeders> {
  const seeders: Seeder[] = [];
  const missing: string[] = [];
  for (const name of names) {
    progress(`starting ${seederLabel(name)}`);
    if (name.kind === "seedfleet") {
      seeders.push(await startSeedfleet(name, content, running));
      continue;
    }
    const python = realPart("python3-libtorrent");
    const torrentFile = seeders[0]?.torrentFile;
    if (torrentFile === undefined) throw new BenchError("nobody made the .torrent");
    if (python.missing === undefined) {
      const place = { directory: content.directory, torrentFile };
      seeders.push(await startLibtorrent(python.path, place, running));
    } else {
      missing.push(`Without libtorrent: ${python.missing}`);
      progress(`going on without libtorrent: ${python.missing}`);
    }
  }
  return { seeders, missing };
}
