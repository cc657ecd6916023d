import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { DEFAULT_TORRENT_OPTIONS } from "@seedfleet/contracts";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPart, startNatsServer } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { HOLDER, makeSmallFiles, publishAll, type SmallFiles } from "../fleet/small-files.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { KNOWN_USAGE, type KnownOptions, parseKnownOptions } from "./known-options.ts";
import { type KnownRuns, knownFigures, knownTable } from "./known-report.ts";
import { type KnownStart, measureStart, type Started } from "./known-start.ts";

/** Small ones: what is measured has nothing to do with their size. */
const FILE_BYTES = 1_000;

/** Said again after so many. */
const TOLD_EVERY = 1_000;

/**
 * `bench known`: publishes very many torrents as their stores do, then starts the processes that
 * know them, again and again. A start that hashes anything, or does not know them, ends it.
 */
export async function knownBench(args: readonly string[]): Promise<void> {
  const options = parseKnownOptions(args);
  if (options === "help") return void process.stdout.write(KNOWN_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: KnownOptions, running: AsyncDisposableStack): Promise<void> {
  const missing: string[] = [];
  const measured: KnownRuns[] = [];
  const content = running.use(await makeSmallFiles(options.torrents, FILE_BYTES));
  for (const name of options.cases) {
    const nats = realPart("nats-server");
    if (name === "store" && nats.missing !== undefined) missing.push(nats.missing);
    else if (name === "store") measured.push(...(await measureStore(options, content, running)));
    else measured.push(await measureUp(options, content, running));
  }
  const report = {
    bench: "known" as const,
    at: new Date().toISOString(),
    machine: thisMachine(),
    runs: options.runs,
    missing,
    figures: knownFigures(measured),
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : knownTable(report));
}

/** Without any torrent, and with all of them. */
async function measureStore(
  options: KnownOptions,
  content: SmallFiles,
  running: AsyncDisposableStack,
): Promise<readonly KnownRuns[]> {
  const server = await startNatsServer();
  running.defer(() => server.stop());
  const start = startOf("store", content, { natsUrl: server.url });
  const without = await measureStarts(options, { start, torrents: 0 }, running);
  const account = { user: null, password: null, token: null };
  const ports = { clock: systemClock, telemetry: silentTelemetry, name: "bench-known" };
  await publish(await connectBus({ servers: [server.url], ...account }, ports), content);
  const { torrents } = options;
  return [without, await measureStarts(options, { start, torrents }, running)];
}

async function measureUp(
  options: KnownOptions,
  content: SmallFiles,
  running: AsyncDisposableStack,
): Promise<KnownRuns> {
  const dataDirectory = join(content.root, "data");
  await mkdir(dataDirectory);
  await writeFile(join(dataDirectory, "id"), HOLDER);
  const ports = { clock: systemClock, telemetry: silentTelemetry };
  const file = join(dataDirectory, "bus.sqlite");
  await publish(createBus(openEmbeddedBus({ file }), ports), content);
  const start = startOf("up", content, { dataDirectory, told: options.told });
  return await measureStarts(options, { start, torrents: options.torrents }, running);
}

function startOf(
  name: KnownStart["name"],
  content: SmallFiles,
  differing: Partial<KnownStart>,
): KnownStart {
  return { name, content, natsUrl: "", dataDirectory: "", told: false, ...differing };
}

async function publish(bus: Bus, content: SmallFiles): Promise<void> {
  await publishAll(bus, content, {
    options: DEFAULT_TORRENT_OPTIONS,
    told: (published) => {
      if (published % TOLD_EVERY === 0) progress(`published ${published}`);
    },
  });
  await bus.close();
}

async function measureStarts(
  { runs }: KnownOptions,
  { start, torrents }: { readonly start: KnownStart; readonly torrents: number },
  running: AsyncDisposableStack,
): Promise<KnownRuns> {
  const { name } = start;
  const started: Started[] = [];
  for (let at = 1; at <= runs; at += 1) {
    const each = await measureStart(start, running);
    const { readySeconds, cpuSeconds, hashedBytes } = each;
    if (hashedBytes > 0) throw new BenchError(`${name} has hashed ${hashedBytes} bytes again`);
    if (each.torrents !== torrents) {
      throw new BenchError(`${name} knows ${each.torrents} torrents, not ${torrents}`);
    }
    const took = `${readySeconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU-seconds`;
    progress(`${name}, ${torrents} torrents, run ${at}/${runs}: ${took}`);
    started.push(each);
  }
  return { case: name, torrents, runs: started };
}
