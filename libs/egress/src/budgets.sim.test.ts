import { ok } from "node:assert/strict";
import { test } from "node:test";
import { BudgetBook } from "./budget-book.ts";
import { HeldParts } from "./held-parts.ts";
import type { TorrentShare } from "./shares.ts";
import { KIB, MIB, SimulatedGateway, type SimulatedPeer, seededChance, sumOf } from "./testing.ts";

const VALID_MS = 8_000;
const FLEET = 32 * MIB;
const LABEL = 6 * MIB;

/** A gateway of the fleet, and how many leechers of each kind it has. */
class Member {
  readonly id: string;
  readonly gateway: SimulatedGateway;
  readonly held = new HeldParts({ skewMs: 2_000 });
  readonly #kinds: Record<"bulk" | "other", TorrentShare<SimulatedPeer>>;
  /** Bytes of those that have left. */
  readonly #left = { bulk: 0, other: 0 };
  readonly #peers = { bulk: [] as SimulatedPeer[], other: [] as SimulatedPeer[] };

  constructor(seed: number) {
    this.id = `gateway-${seed}`;
    const classLimits = { bulk: 0 };
    this.gateway = new SimulatedGateway({ uploadBytesPerSecond: 0, classLimits }, { seed });
    this.#kinds = { bulk: this.gateway.torrent(null, "bulk"), other: this.gateway.torrent() };
  }

  get sent(): Readonly<Record<"bulk" | "other", number>> {
    const sent = (kind: "bulk" | "other"): number => this.#left[kind] + bytesOf(this.#peers[kind]);
    return { bulk: sent("bulk"), other: sent("other") };
  }

  /** Has leechers come and go until there are so many. */
  crowd(kind: "bulk" | "other", count: number): void {
    const peers = this.#peers[kind];
    for (const peer of peers.splice(count)) {
      this.#left[kind] += peer.sentBytes;
      this.gateway.leave(peer);
    }
    while (peers.length < count) {
      const line = { lineBytesPerSecond: 1.5 * MIB };
      peers.push(this.gateway.join({ torrent: this.#kinds[kind], ...line }));
    }
  }

  /** As a gateway does twice a second. */
  ask(book: BudgetBook | null, holders: number): void {
    const { nowMs, shares } = this.gateway;
    const { gateway, classes } = shares.demand(nowMs);
    const idle = { wantedBytesPerSecond: 0, activePeers: 0 };
    const asks = new Map(
      [
        { name: "fleet", budgetBytesPerSecond: FLEET, demand: gateway },
        { name: "bulk", budgetBytesPerSecond: LABEL, demand: classes.get("bulk") ?? idle },
      ].map(({ name, ...ask }) => {
        const of = { budgetBytesPerSecond: ask.budgetBytesPerSecond, holders };
        return [name, { ...ask, heldBytesPerSecond: this.held.part(name, of, nowMs) }] as const;
      }),
    );
    const given = book?.ask({ holder: this.id, holders }, asks, nowMs) ?? new Map();
    for (const [name, bytesPerSecond] of given) {
      const { budgetBytesPerSecond = 0 } = asks.get(name) ?? {};
      const untilMs = nowMs + VALID_MS;
      this.held.give(name, { bytesPerSecond, budgetBytesPerSecond, untilMs });
    }
    const part = (name: string, budgetBytesPerSecond: number): number =>
      this.held.part(name, { budgetBytesPerSecond, holders }, nowMs);
    const limits = { uploadBytesPerSecond: part("fleet", FLEET), promises: {} };
    shares.setGatewayLimits({ ...limits, classLimits: { bulk: part("bulk", LABEL) } }, nowMs);
  }
}

class Fleet {
  readonly members: readonly Member[] = [1, 2, 3, 4].map((seed) => new Member(seed));
  book: BudgetBook | null = new BudgetBook({ validForMs: VALID_MS });

  /** Each asks twice a second, an eighth of a second after the one before it. */
  run(seconds: number): void {
    for (let eighth = 0; eighth < 8 * seconds; eighth += 1) {
      this.members[eighth % 4]?.ask(this.book, 4);
      for (const { gateway } of this.members) gateway.run(0.125);
    }
  }

  get sent(): Readonly<Record<"bulk" | "all", number>> {
    const sent = this.members.map((member) => member.sent);
    const bulk = sumOf(sent.map((each) => each.bulk));
    return { bulk, all: bulk + sumOf(sent.map((each) => each.other)) };
  }

  /** Of each budget, the share that was used in a minute. */
  usedIn(minute: () => void): Readonly<Record<"bulk" | "all", number>> {
    const before = this.sent;
    minute();
    const { bulk, all } = this.sent;
    return { bulk: (bulk - before.bulk) / 60 / LABEL, all: (all - before.all) / 60 / FLEET };
  }
}

test("four gateways keep two budgets over each minute, and use them, as demand moves", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const chance = seededChance(seed);
    const fleet = new Fleet();
    // In all more is always wanted than there is, and every 20 s elsewhere.
    const moves = (): void => {
      for (const kind of ["bulk", "other"] as const) {
        let left = kind === "bulk" ? 24 : 48;
        for (const [index, member] of fleet.members.entries()) {
          const count = index === 3 ? left : Math.floor(chance() * left);
          member.crowd(kind, count);
          left -= count;
        }
      }
    };
    moves();
    fleet.run(5);
    for (let minute = 0; minute < 3; minute += 1) {
      const used = fleet.usedIn(() => {
        for (let third = 0; third < 3; third += 1) {
          moves();
          fleet.run(20);
        }
      });
      for (const [name, share] of Object.entries(used)) {
        ok(share <= 1.01 && share >= 0.95, `seed ${seed}: ${share} of ${name}`);
      }
    }
  }
});

test("what is wanted is all sent where the budget is not reached", () => {
  const fleet = new Fleet();
  for (const member of fleet.members) member.crowd("other", 3);
  fleet.run(10);
  const { all } = fleet.usedIn(() => fleet.run(60));
  const wanted = (12 * 1.5 * MIB) / FLEET;
  ok(Math.abs(all / wanted - 1) <= 0.03, `${all} of ${wanted}`);
});

test("budgets are kept, and used again, while whoever splits them is gone and comes back", () => {
  const fleet = new Fleet();
  const [first, second] = fleet.members;
  first?.crowd("other", 20);
  first?.crowd("bulk", 20);
  second?.crowd("other", 8);
  fleet.run(10);
  const gone = fleet.usedIn(() => {
    fleet.book = null;
    fleet.run(60);
  });
  ok(gone.all <= 1.01 && gone.bulk <= 1.01, `${gone.all} and ${gone.bulk}`);
  const back = fleet.usedIn(() => {
    fleet.book = new BudgetBook({ validForMs: VALID_MS });
    fleet.run(60);
  });
  ok(back.all <= 1.01 && back.bulk <= 1.01, `${back.all} and ${back.bulk}`);
  const after = fleet.usedIn(() => fleet.run(60));
  for (const share of Object.values(after)) ok(share <= 1.01 && share >= 0.98, `${share}`);
});

function bytesOf(peers: readonly SimulatedPeer[]): number {
  return sumOf(peers.map(({ sentBytes }) => sentBytes));
}

test("a slow budget is kept too: a block a second", () => {
  const book = new BudgetBook({ validForMs: VALID_MS });
  const members = [1, 2].map((seed) => new SimulatedGateway({ uploadBytesPerSecond: 0 }, { seed }));
  const peers = members.flatMap((gateway) => gateway.joinMany(3, { torrent: gateway.torrent() }));
  const budgetBytesPerSecond = 16 * KIB;
  for (let second = 0; second < 120; second += 1) {
    for (const [index, gateway] of members.entries()) {
      const demand = gateway.shares.demand(gateway.nowMs).gateway;
      const ask = { budgetBytesPerSecond, demand, heldBytesPerSecond: 0 };
      const asks = new Map([["fleet", ask]]);
      const given = book.ask({ holder: `${index}`, holders: 2 }, asks, gateway.nowMs);
      const uploadBytesPerSecond = given.get("fleet") ?? 0;
      gateway.shares.setGatewayLimits({ uploadBytesPerSecond, promises: {} }, gateway.nowMs);
      gateway.run(1);
    }
  }
  const used = bytesOf(peers) / 120 / budgetBytesPerSecond;
  ok(used <= 1.05 && used >= 0.95, `${used}`);
});
