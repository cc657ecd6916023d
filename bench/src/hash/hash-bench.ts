import { type RealPartName, realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { type HashCase, makeCase } from "./hash-case.ts";
import { HASH_USAGE, type HashOptions, parseHashOptions } from "./hash-options.ts";
import { type HasherRuns, hashFigures, hashTable } from "./hash-report.ts";
import {
  type BenchVersion,
  type Hashed,
  type Hasher,
  libtorrentHasher,
  mktorrentHasher,
  opensslBound,
  seedfleetHasher,
} from "./hashers.ts";

/** What content of a few GiB is commonly cut into. */
const PIECE_LENGTH_BYTES: number = 2 * 1024 * 1024;

/**
 * `bench hash`: makes each kind of content, and has everybody who can list and hash it in turn, so
 * that a disturbance of the machine meets all alike. Whoever comes to other digests than ours ends
 * the benchmark.
 */
export async function hashBench(args: readonly string[]): Promise<void> {
  const options = parseHashOptions(args);
  if (options === "help") return void process.stdout.write(HASH_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: HashOptions, running: AsyncDisposableStack): Promise<void> {
  const missing: string[] = [];
  const hashers = hashersHere(running, missing);
  const measured: HasherRuns[] = [];
  for (const name of options.cases) {
    progress(`making ${name}`);
    const content = running.use(await makeCase(name, options));
    // A hybrid of a hundred thousand small files would be a hundred times as much padding.
    const versions: readonly BenchVersion[] = name === "small-files" ? ["v1"] : ["v1", "hybrid"];
    for (const version of versions) {
      const able = hashers.filter((hasher) => hasher.versions.includes(version));
      measured.push(...(await measureInTurn(able, { content, version, options })));
    }
    await content[Symbol.asyncDispose]();
  }
  const report = {
    bench: "hash" as const,
    at: new Date().toISOString(),
    machine: thisMachine(),
    pieceLengthBytes: PIECE_LENGTH_BYTES,
    threads: options.threads,
    runs: options.runs,
    missing,
    figures: hashFigures(measured),
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : hashTable(report));
}

/** Ours, and whoever is installed. */
function hashersHere(running: AsyncDisposableStack, missing: string[]): readonly Hasher[] {
  const others: readonly [RealPartName, (path: string) => Hasher][] = [
    ["mktorrent", mktorrentHasher],
    ["python3-libtorrent", (python) => libtorrentHasher(python, running)],
    ["openssl", opensslBound],
  ];
  const here = others.flatMap(([name, make]) => {
    const part = realPart(name);
    if (part.missing === undefined) return make(part.path);
    missing.push(part.missing);
    progress(`going on without it: ${part.missing}`);
    return [];
  });
  return [seedfleetHasher(running), ...here];
}

type Turn = {
  readonly content: HashCase;
  readonly version: BenchVersion;
  readonly options: HashOptions;
};

async function measureInTurn(
  hashers: readonly Hasher[],
  { content, version, options }: Turn,
): Promise<readonly HasherRuns[]> {
  const { path, sizeBytes } = content;
  const { runs, threads } = options;
  const task = { path, version, threads, pieceLengthBytes: PIECE_LENGTH_BYTES };
  const measured = hashers.map((hasher) => ({ hasher, runs: [] as Hashed[] }));
  for (let run = 1; run <= runs; run += 1) {
    for (const each of measured) {
      const hashed = await each.hasher.hash(task, content);
      const [ours = hashed] = measured[0]?.runs ?? [];
      assertSame(each.hasher.name, hashed, ours);
      each.runs.push(hashed);
      const { wallSeconds, cpuSeconds } = hashed;
      const took = `${wallSeconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU-seconds`;
      progress(`${content.name} ${version}, run ${run}/${runs}: ${each.hasher.name} ${took}`);
    }
  }
  return measured.map(({ hasher: { name }, runs }) => {
    return { case: content.name, version, sizeBytes, name, runs };
  });
}

/** Whoever has other hashes has hashed something else. */
function assertSame(name: string, hashed: Hashed, ours: Hashed): void {
  for (const digest of ["pieceHashes", "pieceRoots"] as const) {
    if (hashed[digest] === null || hashed[digest] === ours[digest]) continue;
    throw new BenchError(
      `${name} comes to other ${digest}: ${hashed[digest]}, not ${ours[digest]}`,
    );
  }
}
