import { readFileSync } from "node:fs";
import { parseMetainfo } from "@seedfleet/metainfo";
import { BenchError } from "../bench-error.ts";
import { makeContentFile } from "../content-file.ts";
import { closedConnections } from "../hostile/closed-connections.ts";
import { startSeedfleet } from "../seeders/seeder.ts";
import { FuzzSession } from "./fuzz-session.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { downloadAll } from "./good-peer.ts";

const MIB = 1024 * 1024;
const CONTENT_MIB = 16;

/** Slots for every strange peer and the good one, so that nobody is choked for another. */
const SLOTS = 200;

/** Garbage of a heap that nobody hurries to collect. A leak of a KiB a session shows in minutes. */
const GROWTH_BYTES_MAX: number = 192 * MIB;

/** `seedfleet up`, whose gateway is talked to; a good peer downloads all of its content. */
export async function startGatewayTarget(running: AsyncDisposableStack): Promise<FuzzTarget> {
  const file = await makeContentFile({ sizeMib: CONTENT_MIB }, running);
  const cacheBytes = 2 * file.sizeBytes;
  // Strange clients come from few addresses, and are to be heard out.
  const env = { SEEDFLEET_GATEWAY_OFFENCES_MAX: "0" };
  const content = { ...file, cacheBytes, connectionsMax: SLOTS, env };
  const named = { kind: "seedfleet", checkout: null, workers: 1 } as const;
  const { host, port, ...seeder } = await startSeedfleet(named, content, running);
  const metainfo = parseMetainfo(readFileSync(seeder.torrentFile));
  if (metainfo.kind !== "metainfo") throw new BenchError("seedfleet made no .torrent");
  const adminUrl = seeder.adminUrl ?? "";
  const at = { host, port, metainfo };
  return {
    ...{ name: "gateway", child: seeder.child, pid: seeder.pid, adminUrl },
    growthBytesMax: GROWTH_BYTES_MAX,
    strange: (seed) => new FuzzSession(at, seed).run(),
    good: (serial) => downloadAll(at, serial),
    async counted() {
      const closed = Object.entries(await closedConnections(adminUrl));
      return `closed as ${closed.map(([reason, count]) => `${reason} ${count}`).join(", ")}`;
    },
  };
}
