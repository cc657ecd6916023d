import { deepEqual, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { givenTree } from "./given-content.ts";
import { liftLimit, startLibtorrent } from "./libtorrent.ts";
import { RunningProgram } from "./running-program.ts";
import { sameTree } from "./same-tree.ts";
import { type FiveServices, type Gateway, logged, startFiveServices } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");

/** Two of each class; what a leecher uploads at most. */
const UPLOADS_BYTES_PER_SECOND = [20_000, 20_000, 100_000, 100_000, 400_000, 400_000];

/** So slow that nobody is done before all rounds were seen; then the limit is lifted. */
const BYTES_PER_SECOND_MAX = 200_000;
const SIZE_BYTES = 24_000_000;

/** Fewer than leechers, so that it matters who has one. */
const GATEWAY = { SEEDFLEET_GATEWAY_UNCHOKE_SLOTS: "2" };

const ASK_EVERY_MS = 500;

realPartTest(
  ["python3-libtorrent", "nats-server"],
  "leechers share two gateways' slots, also while their scheduler is gone, and all finish",
  async (t) => {
    const beganMs = performance.now();
    const passed = (): string => ((performance.now() - beganMs) / 1_000).toFixed(0);
    await using work = await temporaryDirectory();
    const tree = await givenTree(join(work.path, "tree"), { "image.iso": SIZE_BYTES });
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    await using services = await startFiveServices(host, nats.url, tree, { gatewayEnv: GATEWAY });
    const gateways = [services.gateway, await services.startGateway("second")];
    const torrent = join(work.path, "tree.torrent");
    // Of a hybrid libtorrent closes some connections at first, and comes again much later.
    await services.publish(tree, torrent, ["--format", "v1"]);

    await using leechers = new AsyncDisposableStack();
    const directories = UPLOADS_BYTES_PER_SECOND.map((_, at) => join(work.path, `leecher-${at}`));
    const clients: RunningProgram[] = [];
    for (const [at, upload_rate_limit] of UPLOADS_BYTES_PER_SECOND.entries()) {
      const download = {
        ...{ host, torrent, directory: directories[at] ?? "" },
        ...{ settings: { upload_rate_limit }, bytesPerSecondMax: BYTES_PER_SECOND_MAX },
      };
      clients.push(leechers.use(await startLibtorrent(download)));
    }
    t.diagnostic(`all started after ${passed()} s`);
    const rounds = new Rounds();
    const watched = rounds.watch(services);
    await rounds.until(({ by }) => by === "test");
    t.diagnostic(`first round seen after ${passed()} s`);
    await explained(nats.url);

    await services.scheduler.stop("SIGKILL");
    for (const gateway of gateways) await said(gateway, "scheduler silent, choking decided here");
    await rounds.until(({ by }) => by === null);
    await services.startScheduler("again");
    for (const gateway of gateways) await said(gateway, "scheduler answers again");
    await rounds.until(({ by }) => by === "again");
    t.diagnostic(`all rounds seen after ${passed()} s`);
    for (const client of clients) liftLimit(client);

    await Promise.all(clients.map((client) => client.succeeded()));
    rounds.stop();
    await watched;
    for (const directory of directories) await sameTree(join(directory, "tree"), tree);
    t.diagnostic(`rounds: ${rounds.count}; with two slots for one: ${rounds.unfair}`);
    ok(rounds.count >= 2);
    ok(rounds.unfair <= 1);
  },
);

type Told = {
  readonly connections: readonly {
    readonly gateway: string;
    readonly peerId: string;
    readonly moments: readonly {
      readonly round: number | null;
      readonly decidedBy: string | null;
      readonly decision: string;
    }[];
  }[];
};

/** What the console's API tells of the rounds in which a leecher wanted a slot. */
class Rounds {
  /** By scheduler and round, the leecher and the gateway: whether it has a slot there. */
  readonly #rounds = new Map<string, Map<string, Map<string, boolean>>>();
  readonly #seen: { readonly by: string | null; readonly round: number }[] = [];
  readonly #waiting = new Set<() => void>();
  #stopped = false;
  #failure: string | null = null;

  get count(): number {
    return this.#rounds.size;
  }

  /** Rounds in which one leecher has two slots while another has none. */
  get unfair(): number {
    return [...this.#rounds.values()].filter((leechers) => {
      const slots = Array.from(leechers.values(), (at) => [...at.values()].filter(Boolean).length);
      return Math.max(...slots) > 1 && Math.min(...slots) === 0;
    }).length;
  }

  async watch({ consoleUrl }: FiveServices): Promise<void> {
    while (!this.#stopped) {
      const response = await fetch(`${consoleUrl}/peers/${host.address}`);
      const body = await response.text();
      if (response.ok) this.#add(JSON.parse(body) as Told);
      // Nobody is connected at first, nor at last.
      else if (response.status !== 404) return this.#fail(`the console answered: ${body}`);
      await pass(ASK_EVERY_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async until(
    holds: (round: { readonly by: string | null; readonly round: number }) => boolean,
  ): Promise<void> {
    while (!this.#seen.some(holds)) {
      if (this.#failure !== null) throw new Error(this.#failure);
      await new Promise<void>((wake) => this.#waiting.add(wake));
    }
  }

  #fail(failure: string): void {
    this.#failure = failure;
    for (const wake of this.#waiting) wake();
  }

  #add({ connections }: Told): void {
    for (const { gateway, peerId, moments } of connections) {
      for (const { round, decidedBy: by, decision } of moments) {
        if (round === null) continue;
        this.#seen.push({ by, round });
        if (by === null) continue;
        const leechers = this.#rounds.get(`${by} ${round}`) ?? new Map();
        this.#rounds.set(`${by} ${round}`, leechers);
        const at = leechers.get(peerId) ?? new Map<string, boolean>();
        leechers.set(peerId, at.set(gateway, decision !== "choked"));
      }
    }
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function said({ program }: Gateway, message: string): Promise<unknown> {
  return program.line((line) => logged(line, message));
}

/** `seedfleet explain` says of somebody's connection why it is choked or not. */
async function explained(natsUrl: string): Promise<void> {
  const args = ["explain", host.address, "--bus", natsUrl];
  await using command = RunningProgram.start(host.command(process.execPath, CLI, ...args));
  await command.succeeded();
  const text = command.lines.join("\n");
  match(text, /^ {2}(choked|unchoked): /m);
  match(text, /round \d+ of test: /);
  deepEqual(command.errorLines, []);
}
