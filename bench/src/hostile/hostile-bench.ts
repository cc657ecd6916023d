import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BenchError } from "../bench-error.ts";
import { BenchProcess, type ChildCommand } from "../bench-process.ts";
import { makeContentFile } from "../content-file.ts";
import type { Measured } from "../load/measured.ts";
import { readEverything, runLoad } from "../load/run-load.ts";
import { thisMachine } from "../machine.ts";
import { residentBytes } from "../process-usage.ts";
import { progress, runBench } from "../run-bench.ts";
import { type Seeder, startSeedfleet } from "../seeders/seeder.ts";
import type { Attacked, AttackSpec } from "./attack-spec.ts";
import { type Attack, attackOf } from "./attacks.ts";
import { closedConnections, closedSince } from "./closed-connections.ts";
import { HOSTILE_USAGE, type HostileOptions, parseHostileOptions } from "./hostile-options.ts";
import {
  type HostileFigures,
  type HostileRun,
  hostileFigures,
  hostileTable,
} from "./hostile-report.ts";

const ATTACK = fileURLToPath(new URL("attack.ts", import.meta.url));

const MIB = 1024 * 1024;

/** Beyond the content, so that no piece ever has to go. */
const CACHE_ROOM_BYTES = 256 * MIB;

/** An attacker tells every fifth of a second what it did. */
const TOLD_MS_MAX = 10_000;
const SAMPLE_EVERY_MS = 50;

/** As many sockets as an attacker wants, or as many as it may have. */
const WITH_SOCKETS = 'ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"';

/** So that good peers are never choked for a hostile one that asks for a slot. */
const SLOTS = 239;

/**
 * `bench hostile`: good peers download from a warm gateway, alone and while another process attacks
 * it, in turn. What the gateway's CPU gives them, its memory and its counters tell the cost.
 */
export async function hostileBench(args: readonly string[]): Promise<void> {
  const options = parseHostileOptions(args);
  if (options === "help") return void process.stdout.write(HOSTILE_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: HostileOptions, running: AsyncDisposableStack): Promise<void> {
  progress(`making ${options.sizeMib} MiB of content`);
  const file = await makeContentFile(options, running);
  const cacheBytes = file.sizeBytes + CACHE_ROOM_BYTES;
  const content = { ...file, cacheBytes, connectionsMax: SLOTS };
  progress("starting seedfleet");
  const named = { kind: "seedfleet", checkout: null, workers: 1 } as const;
  const seeder = await startSeedfleet(named, content, running);
  await readEverything({ ...seeder, ...content }, options, running);
  const scene = { seeder, options, running, attacks: 0 };
  await load(scene);
  const figures: HostileFigures[] = [];
  for (const name of options.attacks) {
    const attack = attackOf(name);
    if (attack !== null) figures.push(await measureAttack(scene, attack));
  }
  const report = {
    bench: "hostile" as const,
    at: new Date().toISOString(),
    machine: thisMachine(),
    load: {
      connections: options.connections,
      seconds: options.seconds,
      runs: options.runs,
    },
    perSecond: options.perSecond,
    figures,
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : hostileTable(report));
  if (figures.some(({ broken }) => broken.length > 0)) process.exitCode = 1;
}

/** The gateway under test, and all that is done with it. */
type Scene = {
  readonly seeder: Seeder;
  readonly options: HostileOptions;
  readonly running: AsyncDisposableStack;
  /** How many attacks there were. */
  attacks: number;
};

async function measureAttack(scene: Scene, attack: Attack): Promise<HostileFigures> {
  const { perSecond } = scene.options;
  const runs: HostileRun[] = [];
  for (let run = 1; run <= scene.options.runs; run += 1) {
    runs.push(await measurePair(scene, attack));
    const { shareKept, broken } = hostileFigures({ attack, runs: runs.slice(-1) }, perSecond);
    const share = (100 * shareKept.median).toFixed(0);
    progress(`${attack.name}, run ${run}: kept ${share} % ${broken.join("; ")}`);
  }
  return hostileFigures({ attack, runs }, perSecond);
}

async function measurePair(scene: Scene, attack: Attack): Promise<HostileRun> {
  const { seeder, running } = scene;
  const adminUrl = seeder.adminUrl ?? "";
  using alone = new PeakMemory(seeder.pid);
  const before = await load(scene);
  const beforeResidentBytes = alone.peakBytes;

  const closedBefore = await closedConnections(adminUrl);
  using attackedMemory = new PeakMemory(seeder.pid);
  await using attacking = new AsyncDisposableStack();
  running.use(attacking);
  const attacks: BenchProcess[] = [];
  const during = await load(scene, async () => {
    attacks.push(BenchProcess.start(commandOf(scene, attack), attacking));
    await delay(attack.rampMs);
  });
  const [attacker] = attacks;
  if (attacker === undefined) throw new BenchError("nobody attacked");
  const attacked = (await attacker.event("attacked", TOLD_MS_MAX)) as Attacked;
  const closed = closedSince(closedBefore, await closedConnections(adminUrl));
  return {
    ...{ before, during, attacked, closed, beforeResidentBytes },
    peakResidentBytes: attackedMemory.peakBytes,
  };
}

function commandOf(scene: Scene, attack: Attack): ChildCommand {
  const { seeder, options } = scene;
  const { torrentFile, host, port } = seeder;
  const { perSecond } = options;
  const serial = scene.attacks;
  scene.attacks += 1;
  const spec: AttackSpec = { attack: attack.name, torrentFile, host, port, perSecond, serial };
  const args = ["-c", WITH_SOCKETS, process.execPath, ATTACK, JSON.stringify(spec)];
  return { name: `attack ${attack.name}`, program: "sh", args };
}

function load(
  { seeder, options, running }: Scene,
  beforeMeasuring: () => Promise<void> = async () => {},
): Promise<Measured> {
  const { connections, seconds, pipeline } = options;
  const order = { kind: "in-order" } as const;
  const plan = { connections, seconds, pipeline, order, processes: 1, beforeMeasuring };
  return runLoad(seeder, plan, running);
}

/** The highest resident memory of a process for as long as it is looked at. */
class PeakMemory implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;

  constructor(pid: number) {
    const look = (): void => {
      this.#peakBytes = Math.max(this.#peakBytes, residentBytes(pid).total);
    };
    look();
    this.#timer = setInterval(look, SAMPLE_EVERY_MS);
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
