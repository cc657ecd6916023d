import { BenchError } from "./bench-error.ts";
import { busCostBench } from "./bus-cost/bus-cost-bench.ts";
import { chokingBench } from "./choking/choking-bench.ts";
import { chokingRealBench } from "./choking-real/choking-real-bench.ts";
import { coldBench } from "./cold/cold-bench.ts";
import { crowdBench } from "./crowd/crowd-bench.ts";
import { downloadBench } from "./download/download-bench.ts";
import { downloadSwarmBench } from "./download-swarm/download-swarm-bench.ts";
import { evictionBench } from "./eviction/eviction-bench.ts";
import { fillBench } from "./fill/fill-bench.ts";
import { fuzzBench } from "./fuzz/fuzz-bench.ts";
import { hashBench } from "./hash/hash-bench.ts";
import { hostileBench } from "./hostile/hostile-bench.ts";
import { knownBench } from "./known/known-bench.ts";
import { limitsBench } from "./limits/limits-bench.ts";
import { millionBench } from "./million/million-bench.ts";
import { pickerBench } from "./picker/picker-bench.ts";
import { seedBench } from "./seed/seed-bench.ts";
import { swarmBench } from "./swarm-memory/swarm-bench.ts";
import { trackerBench } from "./tracker/tracker-bench.ts";
import { writeBench } from "./write/write-bench.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Every benchmark by its name on the command line. */
const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  "bus-cost": busCostBench,
  choking: chokingBench,
  "choking-real": chokingRealBench,
  cold: coldBench,
  crowd: crowdBench,
  download: downloadBench,
  "download-swarm": downloadSwarmBench,
  eviction: evictionBench,
  fill: fillBench,
  fuzz: fuzzBench,
  hash: hashBench,
  hostile: hostileBench,
  known: knownBench,
  limits: limitsBench,
  million: millionBench,
  picker: pickerBench,
  seed: seedBench,
  swarm: swarmBench,
  tracker: trackerBench,
  write: writeBench,
};

const USAGE = `Usage: npm run bench -- NAME [options]

  bus-cost  messages on the bus for each GB that a gateway serves from a warm cache
  choking   what giving and cheating are worth, and gateways that choke as one; simulated
  choking-real  libtorrent leechers at two gateways: who was unchoked when, and who was done when
  cold      bytes per CPU-second of our gateway and of libtorrent, pieces at random
  crowd     memory of peers that wait, and how soon all of them have a choke round's decision
  download  CPU time of a download, by our gateway and store, and by libtorrent
  download-swarm  when all leechers of a swarm are done, ours and libtorrent's, of capped uploads
  eviction  which share of requests a cache answers, by what it forgets; simulated
  fill      bytes per second from a piece-store into a gateway's cache, over NATS and embedded
  fuzz      whether a running gateway or tracker takes noise and mutated sessions; no figures
  hash      listing and hashing of content, by ours, mktorrent and libtorrent
  hostile   what good peers and memory notice of peers that attack the gateway
  known     how soon a process is ready that has very many torrents already
  limits    how well upload limits hold at a gateway, and who gets what of them
  million   what torrents nobody asks for cost a gateway, and the first block of one
  picker    HAVEs and picks a second of the piece picker, in a very large torrent
  seed      bytes per CPU-second of our gateway and of libtorrent, from a warm cache
  swarm     memory of the peers a tracker knows, CPU time of an announce and a sample
  tracker   announces per CPU-second of our tracker and of opentracker, by UDP and HTTP
  write     what it costs a piece-store to take pieces: fetched, checked, written and synced

npm run bench -- NAME --help tells more; docs/BENCHMARKS.md tells what the figures mean.
`;

const [name = "help", ...args] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench !== undefined) {
  await bench(args).catch((error: unknown) => {
    if (!(error instanceof BenchError)) throw error;
    process.stderr.write(`bench ${name}: ${error.message}\n`);
    process.exitCode ??= EXIT_FAILED;
  });
} else {
  const asked = ["help", "--help", "-h"].includes(name);
  if (asked) process.stdout.write(USAGE);
  else process.stderr.write(`There is no benchmark "${name}".\n\n${USAGE}`);
  process.exitCode = asked ? 0 : EXIT_USAGE;
}
