import { once } from "node:events";
import { egressCall } from "@seedfleet/contracts";
import { BudgetBook } from "@seedfleet/egress";
import { announcePresence, openBudgets } from "@seedfleet/fleet";
import { delay, systemClock } from "@seedfleet/runtime";
import { advanceUntil, turn } from "@seedfleet/testkit";
import type { GatewayConfig } from "./config.ts";
import type { RunningGateway } from "./running-gateway.ts";
import { startGateway } from "./start-gateway.ts";
import { blocksOf, DEFAULTS, GivenGateway } from "./testing.ts";
import { givenPeerId, TestPeer } from "./testing-peer.ts";
import type { GivenTorrent } from "./testing-torrent.ts";

const VALID_MS = 8_000;

/** Whoever splits the budgets, as the choking-scheduler does. */
export class GivenSplitter {
  readonly #ends: (() => void)[] = [];
  asked = 0;

  constructor(given: GivenGateway, id = "scheduler-1") {
    const { bus, clock } = given;
    const book = new BudgetBook({ validForMs: VALID_MS });
    const served = bus.serve(
      egressCall,
      { params: { scheduler: id } },
      ({ gateway, gateways, demands }) => {
        this.asked += 1;
        const asks = demands.map(({ budget, wantedBytesPerSecond, activePeers, ...of }) => {
          const wanted = wantedBytesPerSecond ?? Number.POSITIVE_INFINITY;
          const demand = { wantedBytesPerSecond: wanted, activePeers };
          const heldBytesPerSecond = of.heldBytesPerSecond;
          const ask = { budgetBytesPerSecond: of.bytesPerSecond, demand, heldBytesPerSecond };
          return [budget, ask] as const;
        });
        const holder = { holder: gateway, holders: gateways };
        const given = book.ask(holder, new Map(asks), clock.nowMs());
        const parts = demands.map(({ budget }) => given.get(budget) ?? 0);
        return { validForMs: VALID_MS, parts, swarms: null };
      },
    );
    const announcer = announcePresence(given, () => ({
      ...{ role: "choking-scheduler", id, version: "0.1.0", startedAtMs: 0 },
      ...{ draining: false, load: 0, peerAddress: null, urls: [], gateway: null },
    }));
    this.#ends.push(
      () => served.unsubscribe(),
      () => announcer.stop(),
    );
  }

  /** Without a word, as a process that is killed. */
  kill(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

/** Two gateways of one fleet, and peers that have asked for all of a torrent. */
export class GivenPair implements AsyncDisposable {
  readonly given: GivenGateway;
  readonly #other: RunningGateway;
  readonly peers: TestPeer[] = [];
  readonly #waiting: { readonly peer: TestPeer; readonly torrent: GivenTorrent; asked: boolean }[] =
    [];

  private constructor(given: GivenGateway, other: RunningGateway) {
    this.given = given;
    this.#other = other;
  }

  static async start(
    budgets: Readonly<Record<string, number>>,
    config: Partial<Pick<GatewayConfig, "workers" | "uploadBytesPerSecond" | "unchokeSlots">> = {},
  ): Promise<GivenPair> {
    const settings = { unchokeSlots: 100, ...config };
    const given = await GivenGateway.start([], settings);
    const other = await startGateway(given, { ...DEFAULTS, ...settings, id: "gateway-2" });
    const pair = new GivenPair(given, other);
    for (const [name, bytesPerSecond] of Object.entries(budgets)) {
      await pair.budget(name, bytesPerSecond);
    }
    // Gateways look at them twice a second.
    await pair.pass(1_000);
    return pair;
  }

  async budget(name: string, bytesPerSecond: number | null): Promise<void> {
    const budgets = await openBudgets(this.given.bus, this.given.telemetry.log);
    await budgets.set(name, bytesPerSecond);
  }

  /** Peers of one of the gateways that have asked for all of it; or `waits` for a slot first. */
  async crowd(
    gateway: 1 | 2,
    torrent: GivenTorrent,
    { count, waits = false }: { readonly count: number; readonly waits?: boolean },
  ): Promise<readonly TestPeer[]> {
    const { peerAddress } = gateway === 1 ? this.given.gateway : this.#other;
    const came: TestPeer[] = [];
    for (let at = 0; at < count; at += 1) {
      const peer = new TestPeer({ port: peerAddress.port });
      this.peers.push(peer);
      came.push(peer);
      await once(peer.socket, "connect");
      const peerId = givenPeerId(`peer-${this.peers.length}`);
      peer.handshake(torrent.metainfo.infoHash, { peerId });
      await peer.greeted();
      if (waits) {
        peer.send({ kind: "interested" });
        this.#waiting.push({ peer, torrent, asked: false });
        continue;
      }
      await peer.interested();
      peer.request(...blocksOf(torrent.metainfo));
    }
    return came;
  }

  /** Lets time pass in small steps, and what is sent meanwhile arrive. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 20) {
      this.given.clock.advance(20);
      await turn();
      this.#ask();
    }
    for (let turns = 0; turns < 50; turns += 1) await turn();
  }

  /** Who has got a slot asks for all that it has not got. */
  #ask(): void {
    for (const waiter of this.#waiting) {
      const { peer, torrent, asked } = waiter;
      waiter.asked = !peer.choked;
      if (peer.choked || asked) continue;
      peer.request(...blocksOf(torrent.metainfo).slice(peer.blocks.length));
    }
  }

  /** The same, as fast as the system's clock, which is that of peer threads. */
  async passReally(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    for (let atMs = performance.now(); atMs < untilMs; ) {
      await delay(systemClock, 20);
      const nowMs = performance.now();
      this.given.clock.advance(Math.round(nowMs - atMs));
      atMs = nowMs;
    }
  }

  /** What these peers are sent while so much time passes. */
  async sentIn(ms: number, peers: readonly TestPeer[] = this.peers): Promise<number> {
    const before = bytesOf(peers);
    await this.pass(ms);
    return bytesOf(peers) - before;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.peers) peer[Symbol.dispose]();
    const { clock } = this.given;
    await advanceUntil(clock, 100, Promise.resolve(this.#other[Symbol.asyncDispose]()));
    await this.given[Symbol.asyncDispose]();
  }
}

export function bytesOf(peers: readonly TestPeer[]): number {
  return peers.flatMap(({ blocks }) => blocks).reduce((sum, { length }) => sum + length, 0);
}
