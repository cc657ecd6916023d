import { availableParallelism } from "node:os";
import type { InfoHash } from "@seedfleet/bytes";
import { openCatalog, openIngestJobs } from "@seedfleet/fleet";
import { ContentSources } from "./content/content-sources.ts";
import { HashPool } from "./hashing/hash-pool.ts";
import { HeldTorrents } from "./held-torrents.ts";
import { Checkpoints } from "./ingest/checkpoints.ts";
import { HashMemos } from "./ingest/hash-memos.ts";
import { IngestWorker } from "./ingest/ingest-worker.ts";
import { ManagedCompletion } from "./managed/managed-completion.ts";
import {
  type ManagedConfig,
  type ManagedPorts,
  ManagedTorrents,
} from "./managed/managed-torrents.ts";
import { ManagedWrites, type ManagedWritesPorts } from "./managed/managed-writes.ts";
import { OfferedRepairs, type OfferedRepairsPorts } from "./managed/offered-repairs.ts";
import { pieceStoreMetrics } from "./metrics.ts";
import type { NamedPieceStoreConfig, PieceStorePorts } from "./piece-store.ts";
import { CheckedPieces } from "./reading/checked-pieces.ts";
import { KnownMetainfo } from "./reading/known-metainfo.ts";
import { loadTorrent } from "./reading/load-torrent.ts";
import { PieceReader } from "./reading/piece-reader.ts";
import { readElsewhere } from "./reading/read-elsewhere.ts";
import { TorrentConditions } from "./reading/torrent-conditions.ts";
import { TorrentContexts } from "./reading/torrent-contexts.ts";
import { gaugeScrub } from "./scrub/gauge-scrub.ts";
import { Scrub } from "./scrub/scrub.ts";
import { ScrubStates } from "./scrub/scrub-states.ts";
import { Slots } from "./slots.ts";

/** Each lists a whole torrent; more at once would only take turns at the same disk. */
export const LOADS_AT_ONCE_MAX = 4;

/** As many as there are contexts: more cold torrents at once could not be kept anyway. */
export const LOADS_WAITING_MAX = 1_024;

export type PieceStoreParts = {
  readonly completion: ManagedCompletion;
  readonly conditions: TorrentConditions;
  readonly contexts: TorrentContexts;
  readonly held: HeldTorrents;
  readonly managed: ManagedTorrents;
  readonly pool: HashPool;
  readonly reader: PieceReader;
  readonly scrub: Scrub;
  readonly sources: ContentSources;
  readonly worker: IngestWorker;
  readonly writes: ManagedWrites;
};

/** Makes the parts of a piece-store and joins them. What it holds is known when it resolves. */
export async function openParts(
  ports: PieceStorePorts,
  config: NamedPieceStoreConfig,
): Promise<PieceStoreParts> {
  const { bus, clock, telemetry } = ports;
  const { log, tracer } = telemetry;
  const holder = config.id;
  const metrics = pieceStoreMetrics(telemetry.meter);
  const [catalog, jobs, memos, checkpoints, conditions, states] = await Promise.all([
    openCatalog(bus, log),
    openIngestJobs({ bus, clock }),
    HashMemos.open(bus, holder),
    Checkpoints.open(bus, clock),
    TorrentConditions.open({ bus, clock, log }, holder),
    ScrubStates.open(bus, holder),
  ]);

  const sources = new ContentSources({ clock }, config);
  const known = new KnownMetainfo(catalog);
  const loads = new Slots({ atOnceMax: LOADS_AT_ONCE_MAX, waitingMax: LOADS_WAITING_MAX });
  const contexts = new TorrentContexts((infoHash) =>
    loadTorrent({ catalog, sources, managed, log, loads }, { holder, infoHash }),
  );
  const changed = (infoHash: InfoHash): void => {
    contexts.forget(infoHash);
    scrub.changed(infoHash);
  };
  const incomplete = (infoHash: InfoHash): void => completion.look(infoHash);
  const held = new HeldTorrents({ catalog, changed, incomplete }, holder);
  const { repairFiles } = config;
  const elsewhere = readElsewhere({ bus, catalog, log }, holder);
  const checked = new CheckedPieces({ conditions, known, log, metrics, repairFiles, elsewhere });
  const { managed, completion, writes } = openManaged(
    {
      ...{ bus, checked, clock, conditions, contexts, held, known, log, changed, metrics },
      repairFiles,
    },
    { holder, root: config.managedRoot },
  );
  const reader = new PieceReader({ bus, checked, conditions, contexts, tracer, metrics }, config);
  const pool = new HashPool({ threads: config.hashThreads ?? availableParallelism() });
  const ingest = {
    ...{ catalog, checked, clock, conditions, contexts, held, holder, jobs, loads, log },
    ...{ managed, memos, metrics, pool, sources },
  };
  const worker = new IngestWorker({ bus, ingest, checkpoints, telemetry });
  const scrub = new Scrub(
    {
      ...{ bus, catalog, checked, clock, held, loads, log, managed, metrics, sources, states },
      reads: reader,
    },
    { ...config, holder },
  );
  gaugeTorrents(ports, held, conditions);
  gaugeScrub(ports, scrub);
  await held.start();
  return {
    ...{ completion, conditions, contexts, held, managed, pool, reader, scrub, sources },
    ...{ worker, writes },
  };
}

function openManaged(
  ports: ManagedPorts & OfferedRepairsPorts & Pick<ManagedWritesPorts, "metrics">,
  config: ManagedConfig,
): {
  readonly managed: ManagedTorrents;
  readonly completion: ManagedCompletion;
  readonly writes: ManagedWrites;
} {
  const managed = new ManagedTorrents(ports, config);
  const isComplete = (infoHash: InfoHash): Promise<boolean> => managed.isComplete(infoHash);
  const completion = new ManagedCompletion({ ...ports, isComplete });
  ports.conditions.whenRepaired((infoHash) => completion.look(infoHash));
  const repairs = new OfferedRepairs(ports);
  const parts = { ...ports, completion, repairs, torrents: managed };
  const writes = new ManagedWrites(parts, config.holder);
  return { managed, completion, writes };
}

function gaugeTorrents(
  { telemetry }: PieceStorePorts,
  held: HeldTorrents,
  conditions: TorrentConditions,
): void {
  telemetry.meter.gauge(
    "seedfleet_piece_store_torrents",
    "Torrents of which the store holds a source",
    () => held.infoHashes.length,
  );
  telemetry.meter.gauge(
    "seedfleet_piece_store_stale_torrents",
    "Torrents of which a source is refused because its content has changed",
    () => conditions.staleCount,
  );
  telemetry.meter.gauge(
    "seedfleet_piece_store_bad_pieces",
    "Pieces that are not given because their bytes are bad",
    () => conditions.badPieceCount,
  );
}
