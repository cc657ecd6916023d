import { join } from "node:path";
import { realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { type ContentFile, makeContentFile } from "../content-file.ts";
import { thisMachine } from "../machine.ts";
import { OwnMemory } from "../own-memory.ts";
import { cpuSeconds, machineCpuSeconds, residentBytes } from "../process-usage.ts";
import { progress, runBench } from "../run-bench.ts";
import {
  DOWNLOAD_USAGE,
  type DownloaderKind,
  type DownloadOptions,
  parseDownloadOptions,
} from "./download-options.ts";
import {
  type Downloaded,
  type DownloaderRuns,
  downloadFigures,
  downloadHeading,
  downloadTable,
} from "./download-report.ts";
import { type Place, startDownloader } from "./downloaders.ts";
import { startLibtorrentPeer } from "./libtorrent-peer.ts";

const MIB = 1024 * 1024;

/** `bench download`: downloaders in turn, from one seed that runs all the time. */
export async function downloadBench(args: readonly string[]): Promise<void> {
  const options = parseDownloadOptions(args);
  if (options === "help") return void process.stdout.write(DOWNLOAD_USAGE);
  const parts = ["python3-libtorrent", ...(options.downloaders.includes("nats") ? ["nats"] : [])];
  for (const part of parts) {
    const { missing } = realPart(part === "nats" ? "nats-server" : "python3-libtorrent");
    if (missing !== undefined) throw new BenchError(missing);
  }
  await runBench((running) => run(options, running));
}

async function run(options: DownloadOptions, running: AsyncDisposableStack): Promise<void> {
  const { runs, sizeMib, pieceKib, json } = options;
  const machine = thisMachine();
  const head = {
    bench: "download" as const,
    ...{ at: new Date().toISOString(), machine, runs },
    content: { sizeBytes: sizeMib * MIB, pieceLengthBytes: pieceKib * 1024 },
  };
  if (!json) process.stdout.write(`${downloadHeading(head)}\n`);
  progress(`making ${sizeMib} MiB of content`);
  const content = await makeContentFile({ sizeMib }, running);
  const place = await seeded(content, pieceKib * 1024, running);
  const measured = await measureInTurn(place, options);
  const figures = downloadFigures(measured, head.content, machine);
  process.stdout.write(json ? `${JSON.stringify({ ...head, figures })}\n` : downloadTable(figures));
}

async function seeded(
  { directory, contentFile }: ContentFile,
  pieceLengthBytes: number,
  running: AsyncDisposableStack,
): Promise<Place> {
  const torrentFile = join(directory, "content.torrent");
  const seed = await startLibtorrentPeer(
    "the seed",
    {
      ...{ torrent: torrentFile, savePath: directory, seeds: true, uploadBytesPerSecond: 0 },
      ...{ make: contentFile, pieceLengthBytes },
    },
    running,
  );
  return { directory, torrentFile, seedPort: seed.port };
}

async function measureInTurn(
  place: Place,
  { downloaders, runs, sizeMib }: DownloadOptions,
): Promise<readonly DownloaderRuns[]> {
  const measured = downloaders.map((kind) => ({ kind, runs: [] as Downloaded[] }));
  for (let run = 1; run <= runs; run += 1) {
    for (const { kind, runs: ofKind } of measured) {
      const downloaded = await measure(kind, place, sizeMib);
      ofKind.push(downloaded);
      const seconds = Object.values(downloaded.cpuSeconds).reduce((sum, each) => sum + each, 0);
      const took = downloaded.wallSeconds.toFixed(1);
      progress(`run ${run}/${runs}: ${kind} ${seconds.toFixed(2)} CPU-seconds in ${took} s`);
    }
  }
  return measured;
}

async function measure(kind: DownloaderKind, place: Place, sizeMib: number): Promise<Downloaded> {
  await using running = new AsyncDisposableStack();
  const { directory: written, pids, download } = await startDownloader(kind, place, running);
  const used = (): ReadonlyMap<string, number> =>
    new Map(
      [...pids].map(([name, pid]) => {
        const { user, system } = cpuSeconds(pid);
        return [name, user + system];
      }),
    );
  const memory = running.use(await OwnMemory.hold(place.directory, { sizeMib, written }));
  await memory.begin();
  const machineBefore = machineCpuSeconds();
  const before = used();
  const beganMs = performance.now();
  await download();
  const wallSeconds = (performance.now() - beganMs) / 1_000;
  const after = used();
  const processes = [...after].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]);
  const resident = [...pids.values()].map((pid) => residentBytes(pid).total);
  return {
    wallSeconds,
    cpuSeconds: Object.fromEntries(processes),
    machineCpuSeconds: machineCpuSeconds() - machineBefore,
    residentBytes: resident.reduce((sum, each) => sum + each, 0),
  };
}
